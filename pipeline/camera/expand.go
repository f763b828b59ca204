package camera

import "corallite/internal/paths"

// pictureFiles are the files that a folder's pictures are.
var pictureFiles = paths.Kind{Name: "pictures", Endings: []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".pbm", ".pgm", ".ppm", ".pnm",
}}
