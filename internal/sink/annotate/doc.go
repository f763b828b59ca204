// Package annotate holds the sinks that draw what was found: Pictures writes an annotated copy of each picture, Video
// an annotated video, Folder the one or the other, by what comes.
//
// # Files
//
// A copy is named after its source: holiday/cat.jpg becomes DIR/cat.jpg, walk.avi becomes DIR/walk.mp4, and the frames
// of walk.avi as pictures become DIR/walk-000123.jpg, numbered as Meta.Seq. When two sources have the same name, the
// later one gets a number: cat-2.jpg. So it does when an earlier run has left the name behind, unless Overwrite says that
// it is to be replaced. A copy is never put into the folder that its original is in: that fails for each such picture or
// video, with an error that says so. One process at a time writes a video or into a folder of copies (internal/output).
//
// A file is written under a temporary name in the same folder (cat.jpg.part, walk.part.mp4), and renamed when it is
// complete. When something fails the temporary file is removed, so a file that has its final name is whole. Only
// a process that is killed leaves a temporary file, which the next run replaces.
//
// The video of a live source is another matter, because what it shows does not come again. It has its final name from
// the beginning and is never removed. It is a fragmented MP4 with a fragment a second, so what is in it can be played at
// any moment: a process that is killed loses a second, a machine without power some five. After a failure (a full disk, a
// file that was removed) the next frame begins another file, numbered.
//
// # Errors
//
// A picture or a video of a file that cannot be written is a *pipeline.ItemError that names the file, so that the rest of the
// run is still done; the further frames of such a video are passed over in silence. Close reports what the last video
// fails with.
//
// The sinks are lossless: behind a file they hold the source back and leave out nothing. Each is used by one goroutine
// at a time.
package annotate
