package camera

import (
	"slices"

	"corallite/internal/fileglob"
)

// pictureFiles are the files that a folder's pictures are.
var pictureFiles = fileglob.Kind{Name: "pictures", Endings: []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".pbm", ".pgm", ".ppm", ".pnm",
}}

// PictureEndings are the endings of the names that a folder's pictures have: ".jpg".
func PictureEndings() []string { return slices.Clone(pictureFiles.Endings) }
