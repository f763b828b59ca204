package camera

import (
	"os"
	"slices"

	"corallite/internal/fileglob"
)

// pictureFiles are the files that a folder's pictures are.
var pictureFiles = fileglob.Kind{Name: "pictures", Endings: []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".pbm", ".pgm", ".ppm", ".pnm",
}}

// PictureEndings are the endings of the names that a folder's pictures have: ".jpg".
func PictureEndings() []string { return slices.Clone(pictureFiles.Endings) }

// IsPictureFile reports whether a file is meant to be a picture: by the ending of its name, so that a damaged one is not passed
// over, or else by its first bytes. What is no regular file is none by its bytes.
func IsPictureFile(path string) (bool, error) {
	if pictureFiles.Has(path) {
		return true, nil
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	return IsPicture(path)
}
