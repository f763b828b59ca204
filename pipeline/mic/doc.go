// Package mic has the sources of sound: recordings (NewFiles), raw sound from a pipe (NewPCM) and microphones
// (NewMicrophone). Whatever the rate, the format and the channels, they give one channel of 16 bits at the rate that
// the models want: channels are averaged, other rates go through package resample, and sound of one channel of 16 bits
// that has the wanted rate already stays as it is, bit for bit.
package mic

import (
	"corallite/internal/reconnect"
	"corallite/pipeline/mic/resample"
)

// ErrClosed is returned by Next after Close.
var ErrClosed = reconnect.ErrClosed

// What recordings may have.
const (
	minRate     = resample.MinRate
	maxRate     = resample.MaxRate
	maxChannels = 256
)
