// Package camera has the sources of frames. Pictures (files, folders, patterns), Watch (a folder watched for new pictures)
// and Video drop nothing and wait until the pipeline has room. LiveSource reads cameras of this machine and of the network
// in a child process and drops all but the newest frame. Select takes some of the frames of another source, or a part of
// each, and may hold back frames in which nothing moves.
//
// Pictures may be JPEG, PNG, WebP, HEIC and AVIF (with the system's libheif), TIFF, BMP, GIF (the first image) or PNM (PBM, PGM, PPM). All become BGR with 8 bits per
// channel: grey is expanded, 16 bits are cut to 8, palettes and CMYK are converted, and alpha is dropped without blending.
// EXIF orientation is applied. A picture may have up to vision.MaxPixels pixels, memory permitting. One that cannot be
// read is a *pipeline.ItemError with the file and the cause, and the next picture follows.
//
// What this package exports follows Semantic Versioning.
package camera

import "errors"

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("the source is closed")
