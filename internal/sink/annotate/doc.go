// Package annotate has the sinks that draw results: Pictures writes an annotated copy of each picture, Video an
// annotated video, Folder either one, depending on the source.
//
// # Files
//
// A copy is named after its source: holiday/cat.jpg becomes DIR/cat.jpg, walk.avi becomes DIR/walk.mp4, and the frames
// of walk.avi as pictures become DIR/walk-000123.jpg, numbered as Meta.Seq. When two sources have the same name, the
// later one gets a number: cat-2.jpg. The same happens if the file exists from an earlier run, unless Overwrite is set.
// A copy is never put into the folder of its original: each such picture or video fails with an error. One process at a
// time writes a video or into a folder of copies (internal/output).
//
// A file is written under a temporary name in the same folder (cat.jpg.part, walk.part.mp4), and renamed when it is
// complete. When something fails the temporary file is removed, so a file with its final name is complete. Only
// a killed process leaves a temporary file, which the next run replaces.
//
// The video of a live source cannot be recorded again, so it has its final name from the beginning and is never
// removed. It is a fragmented MP4 with one fragment per second, so it can be played at any moment: a killed process
// loses about a second, a power loss about five. After a failure (a full disk, a file that was removed) the next frame
// begins another file, numbered.
//
// # Errors
//
// A picture or a video of a file that cannot be written is a *pipeline.ItemError that names the file, so that the run
// continues; further frames of such a video are skipped silently. Close returns the error of the last video.
//
// The sinks are lossless: with a file they block the source and omit nothing. Each is used by one goroutine
// at a time.
package annotate
