package mqtt

import (
	"time"
)

// soundOff is for how long a sound is there after it was heard last (Frigate's audio.max_not_heard).
const soundOff = 30 * time.Second

// soundEvery is how often the level of sound is published.
const soundEvery = time.Second

// hears reports whether Frigate's topics of sound are published: there are models that hear something.
func (s *Sink) hears() bool { return s.link.c.Style == StyleFrigate && len(s.words()) > 0 }

// soundTopic is a topic of Frigate's for sound: of a label, or of all.
func (s *Sink) soundTopic(name string) string { return s.base + "/audio/" + name }

// listenForSounds begins with all sounds away.
func (s *Sink) listenForSounds() {
	if !s.hears() {
		return
	}
	s.sounds, s.sounding = slugs{}, map[string]time.Time{}
	s.sounds.reserve("all", "dBFS", "rms", "set", "state", "transcription")
	for _, label := range s.words() {
		s.showSound(s.sounds.get(label), false)
	}
	s.showSound("all", false)
}

func (s *Sink) showSound(name string, there bool) {
	s.link.set(s.soundTopic(name), onOff(there), 1, true)
}

// sound notes that a sound was heard.
func (s *Sink) sound(label string, now time.Time) {
	if !s.hears() {
		return
	}
	s.sounding[label] = now
	s.showSound(s.sounds.get(label), true)
	s.showSound("all", true)
}

// showSounds publishes which sounds have gone, and how loud it is; all: they all go.
func (s *Sink) showSounds(now time.Time, all bool) {
	if !s.hears() {
		return
	}
	gone := false
	for label, heard := range s.sounding {
		if all || now.Sub(heard) >= soundOff {
			delete(s.sounding, label)
			s.showSound(s.sounds.get(label), false)
			gone = true
		}
	}
	if gone && len(s.sounding) == 0 {
		s.showSound("all", false)
	}
	if s.env.Sound == nil || now.Sub(s.loudness) < soundEvery {
		return
	}
	if level, heard := s.env.Sound(); now.Sub(heard) < 2*soundEvery {
		s.loudness = now
		s.link.set(s.soundTopic("dBFS"), number(round(float64(level), 1)), 0, false)
	}
}
