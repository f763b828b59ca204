package capture

import (
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"time"

	"corallite/internal/channels"
	"corallite/internal/libav"
)

// streamSound is the sound of a stream on its way into the feed.
type streamSound struct {
	index   int // of the stream; -1: none
	rate    int
	next    time.Duration // when the next sample is due, by the samples before it
	samples []float32
	turns   []float32 // scratch: the channels in turn
	mixer   channels.Mixer
	form    [2]int // channels and rate of the last frame
	wrong   bool   // the sound does not have the channel that is wanted
	warned  bool   // of channels that cancel each other out
}

func newStreamSound(o Options) streamSound {
	return streamSound{index: -1, mixer: channels.Mixer{Channel: o.Channel}}
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
	if !s.channels(f) {
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
	silenceNaN(t.turns)
	t.samples, _ = t.mixer.Add(t.samples, t.turns)
	t.warned = t.mixer.Report(slog.Default(), t.warned) || t.warned
	s.box.feed.sound(t.samples, f.Rate, s.clock.of(int64(start), monotonic()), start, gap)
	t.next = start + time.Duration(len(t.samples))*time.Second/time.Duration(f.Rate)
}

// channels prepares for a frame of another form than the last one. It is false where the sound does not have the channel that
// is wanted, which is said.
func (s *streamInput) channels(f *libav.Frame) bool {
	t, form := &s.sound, [2]int{max(f.Channels, 1), f.Rate}
	if t.form == form {
		return !t.wrong
	}
	t.form = form
	err := t.mixer.Begin(form[0], form[1])
	if t.wrong = err != nil; t.wrong {
		s.box.feed.say(Record{Kind: RecordNoSound, Data: []byte(err.Error())})
	}
	return !t.wrong
}

// silenceNaN makes silence of what is no number, so that the rest is where it belongs.
func silenceNaN(samples []float32) {
	for i, x := range samples {
		if x != x || math.IsInf(float64(x), 0) {
			samples[i] = 0
		}
	}
}

// describe says what the streams are whose packets will follow.
func (s *streamInput) describe() {
	all := slices.DeleteFunc(s.reader.Chosen(), func(p libav.Parameters) bool { return s.o.SoundOnly && p.Kind != libav.Sound })
	if text, err := json.Marshal(all); err == nil { // numbers, names and bytes: it cannot fail
		s.box.feed.say(Record{Kind: RecordStreams, Data: text})
	}
}

// hand puts a packet into the feed.
func (s *streamInput) hand(p libav.Packet) {
	if s.o.SoundOnly && p.Stream == s.video.Index {
		return
	}
	r := Record{Number: p.Stream, Key: p.Key, Corrupt: p.Corrupt, PTS: p.PTS, DTS: p.DTS, Duration: p.Duration, Data: p.Data}
	if p.PTS != libav.NoTime {
		r.Captured = s.clock.of(int64(p.PTS), monotonic())
	}
	s.box.feed.packet(r)
}
