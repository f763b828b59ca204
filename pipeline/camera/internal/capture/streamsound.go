package capture

import (
	"encoding/json"
	"math"
	"time"

	"corallite/internal/libav"
)

// streamSound is the sound of a stream on its way into the feed.
type streamSound struct {
	index   int // of the stream; -1: none
	rate    int
	next    time.Duration // when the next sample is due, by the samples before it
	samples []float32
	turns   []float32 // scratch: the channels in turn
}

const (
	// soundGap is how far the times of sound may be from the samples before it: less is how exactly streams say times.
	soundGap = 100 * time.Millisecond

	// soundPause is the longest gap that is filled with silence, so that what is heard stays one piece.
	soundPause = 2 * time.Second
)

// hear puts sound into the feed. Short gaps in its times, such as lost packets leave, are silence.
func (s *streamInput) hear(f *libav.Frame) {
	t := &s.sound
	if f.Rate < 1 || f.Rate > maxSoundRate || f.Len == 0 {
		return
	}
	late := f.Time - t.next
	gap := t.rate != f.Rate || late <= -soundGap || late > soundPause
	t.samples = t.samples[:0]
	start := t.next
	switch {
	case gap:
		start, t.rate = f.Time, f.Rate
	case late >= soundGap:
		t.samples = append(t.samples, make([]float32, int(float64(late.Seconds()*float64(f.Rate))+0.5))...)
	default:
		start += late / 8 // a clock of the sound that goes a little wrong is followed, and rounded times are not
	}
	var err error
	if t.turns, err = f.Floats(t.turns[:0]); err != nil {
		s.box.setNote("sound that cannot be used: %v", err)
		return
	}
	t.samples = mix(t.samples, t.turns, max(f.Channels, 1))
	s.box.feed.sound(t.samples, f.Rate, s.clock.of(int64(start), monotonic()), start, gap)
	t.next = start + time.Duration(len(t.samples))*time.Second/time.Duration(f.Rate)
}

// mix appends the mean of the channels. What is no number is silence, so that the rest is where it belongs.
func mix(to, turns []float32, channels int) []float32 {
	for ; len(turns) >= channels; turns = turns[channels:] {
		sum := 0.0
		for _, x := range turns[:channels] {
			sum += float64(x)
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			sum = 0
		}
		to = append(to, float32(sum/float64(channels)))
	}
	return to
}

// describe says what the streams are whose packets will follow.
func (s *streamInput) describe() {
	if text, err := json.Marshal(s.reader.Chosen()); err == nil { // numbers, names and bytes: it cannot fail
		s.box.feed.say(Record{Kind: RecordStreams, Data: text})
	}
}

// hand puts a packet into the feed.
func (s *streamInput) hand(p libav.Packet) {
	r := Record{Number: p.Stream, Key: p.Key, Corrupt: p.Corrupt, PTS: p.PTS, DTS: p.DTS, Duration: p.Duration, Data: p.Data}
	if p.PTS != libav.NoTime {
		r.Captured = s.clock.of(int64(p.PTS), monotonic())
	}
	s.box.feed.packet(r)
}
