package mic

import (
	"log/slog"
	"time"

	"corallite/pipeline/audio"
)

// silenceDetector warns of a microphone that gives nothing but zeros: one that is muted, broken, or that this program may
// not use. A quiet room is never that quiet. It warns once, and again only after there was sound.
type silenceDetector struct {
	after  time.Duration
	log    *slog.Logger
	zeros  int64 // samples in a row
	warned bool
}

// add checks samples of the microphone, at its own rate.
func (s *silenceDetector) add(samples []float32, rate int) {
	for _, x := range samples {
		if x != 0 {
			if s.warned {
				s.log.Info("the microphone gives sound again")
			}
			s.zeros, s.warned = 0, false
			continue
		}
		s.zeros++
	}
	if !s.warned && audio.At(s.zeros, rate) >= s.after {
		s.warned = true
		s.log.Warn("the microphone gives only digital silence: is it muted or switched off?", "for", audio.At(s.zeros, rate).Round(time.Second))
	}
}
