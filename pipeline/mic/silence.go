package mic

import (
	"log/slog"
	"time"

	"corallite/pipeline/audio"
)

// silence notices a microphone that gives nothing but zeros: one that is muted, broken, or that this program may not
// hear. A quiet room is never that quiet. It is said once, and again only after sound came in between.
type silence struct {
	after time.Duration
	log   *slog.Logger
	zeros int64 // samples in a row
	said  bool
}

// hear takes what the microphone gave, at its own rate.
func (s *silence) hear(samples []float32, rate int) {
	for _, x := range samples {
		if x != 0 {
			if s.said {
				s.log.Info("the microphone gives sound again")
			}
			s.zeros, s.said = 0, false
			continue
		}
		s.zeros++
	}
	if !s.said && audio.At(s.zeros, rate) >= s.after {
		s.said = true
		s.log.Warn("the microphone gives digital silence only: is it muted, or switched off?", "for", audio.At(s.zeros, rate).Round(time.Second))
	}
}
