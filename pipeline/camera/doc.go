// Package camera has the sources of frames: pictures by name, glob or folder (Pictures), a folder that is watched for
// new pictures (Watch), video files (Video), which drop nothing and wait until the pipeline has room; and live ones
// (Live): cameras here and on the network, which a child process reads, and of which the newest frame wins. Select takes
// a part of what another source gives, and may hold back frames in which nothing moves.
//
// Pictures may be JPEG, PNG, WebP, TIFF, BMP, GIF (the first image) or PNM (PBM, PGM, PPM). Whatever their colours,
// they become BGR of 8 bits a channel: grey is spread, 16 bits are cut to 8, palettes and CMYK are converted, and alpha
// is dropped, so that what was painted under it shows. The orientation in EXIF data is applied. A picture may have up
// to vision.MaxPixels pixels, as far as the memory allows. What cannot be read is a *pipeline.ItemError that names the
// file and the cause, and the next picture follows.
package camera

import "errors"

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("the source is closed")
