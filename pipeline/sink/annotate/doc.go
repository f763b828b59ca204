// Package annotate holds the sinks that draw what was found: Pictures writes an annotated copy of each picture, Video
// an annotated video, Folder the one or the other, by what comes.
//
// # Files
//
// A copy is named after its source: holiday/cat.jpg becomes DIR/cat.jpg, walk.avi becomes DIR/walk.mp4, and the frames
// of walk.avi as pictures become DIR/walk-000123.jpg, numbered as Meta.Seq. When two sources have the same name, the
// later one gets a number: cat-2.jpg. Copies of an earlier run are replaced. A copy is never put into the folder that
// its original is in: that fails for each such picture or video, with an error that says so.
//
// A file is written under a temporary name in the same folder (cat.jpg.part, walk.part.mp4), checked, and renamed when
// it is complete. When something fails the temporary file is removed, so a file that has its final name is whole. Only
// a process that is killed leaves a temporary file, which the next run replaces.
//
// # Errors
//
// A picture or a video that cannot be written is a *pipeline.ItemError that names the file, so that the rest of the
// run is still done; the further frames of such a video are passed over in silence. Close reports what the last video
// fails with.
//
// The sinks are lossless: behind a file they hold the source back and leave out nothing. Each is used by one goroutine
// at a time.
package annotate
