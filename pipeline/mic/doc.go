// Package mic has the sources of sound: recordings (NewFiles), raw sound from a pipe (NewPCM) and microphones
// (NewMicrophone). Whatever the input, they return chunks of one channel of 16-bit samples at the rate that the models
// want: of several channels one is taken, or their mean, and other rates go through package resample. Mono 16-bit sound that
// has the wanted rate already passes bit for bit.
//
// What this package exports follows Semantic Versioning.
package mic

import (
	"corallite/internal/reconnect"
	"corallite/pipeline/mic/internal/resample"
)

// ErrClosed is returned by Next after Close.
var ErrClosed = reconnect.ErrClosed

// Limits of the input.
const (
	minRate = resample.MinRate
	maxRate = resample.MaxRate
)
