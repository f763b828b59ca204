// Package channels makes one channel of sound that has several: one of them, or the mean of all.
package channels

import (
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"strconv"
	"sync/atomic"

	"corallite/internal/english"
	"corallite/internal/key"
)

// Most is the highest number of channels that sound may have.
const Most = 256

// mix is the channel that is the mean of all.
const mix = "mix"

// pattern is what may stand for a channel.
var pattern = regexp.MustCompile(`^(mix|left|right|[1-9][0-9]{0,2})$`)

// Parse returns the number of a channel, from 1; 0: the mix, which "" is as well.
func Parse(name string) (int, error) {
	switch name {
	case "", mix:
		return 0, nil
	case "left":
		return 1, nil
	case "right":
		return 2, nil
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 || n > Most {
		return 0, fmt.Errorf("invalid channel %q (want mix, left, right or a number from 1 to %d)", name, Most)
	}
	return n, nil
}

// Key is the key of sources whose sound may have several channels.
func Key(to *string) *key.Field {
	return key.String(to, "channel").AcceptInt().Pattern(pattern, "mix, left, right or the number of a channel, from 1").
		DefaultDoc(mix).Example("left").
		Doc("Which channel of several the models get: `left` (the first), `right` (the second), a number, or `mix`, the mean of all. Channels that cancel each other out when they are mixed, as from a microphone with a balanced output on a stereo input, are reported once in the log.")
}

// Mixer makes one channel of several. Of those that it mixes it notices when they cancel each other out.
type Mixer struct {
	Channel  int // from 1; 0: the mean of all
	channels int
	window   int // frames over which channels are compared

	frames  int       // in this window
	squares []float64 // sums, of each channel
	mixed   float64   // sum of squares of the mean

	found atomic.Pointer[cancellation]
}

// cancellation is how loud a mix was beside its channels, as root mean squares.
type cancellation struct{ mix, loudest float64 }

const (
	// comparedSeconds is over how long channels are compared: moments of opposite channels are part of stereo sound.
	comparedSeconds = 3

	// cancelFactor is how many times less power than one of independent channels a mix must have to count as cancelled:
	// 10 dB. Two channels of the same sound give 3 dB more than independent ones, and one beside silence as much.
	cancelFactor = 10

	// quietPower is the power of a channel, of a full scale of 1, under which nothing is compared: -60 dB.
	quietPower = 1e-6
)

// Begin starts with sound of so many channels, at a rate.
func (m *Mixer) Begin(channels, rate int) error {
	if m.Channel > channels {
		return fmt.Errorf("channel %d is wanted, but the sound has %s (see the key channel)", m.Channel, english.Count(channels, "channel"))
	}
	m.channels, m.window = channels, comparedSeconds*rate
	m.squares = append(m.squares[:0], make([]float64, channels)...)
	m.frames, m.mixed = 0, 0
	return nil
}

// Channels is of how many channels the sound is.
func (m *Mixer) Channels() int { return m.channels }

// Add appends one sample for each frame in samples, in which the channels follow each other in turn. It stops before the
// first that is NaN; whole is the number of those that it appended.
func (m *Mixer) Add(dst, samples []float32) (out []float32, whole int) {
	if m.channels > 1 && m.Channel == 0 {
		return m.mix(dst, samples)
	}
	had := len(dst)
	for i := max(m.Channel, 1) - 1; i < len(samples); i += m.channels {
		x := samples[i]
		if x != x {
			break
		}
		dst = append(dst, x)
	}
	return dst, len(dst) - had
}

func (m *Mixer) mix(dst, samples []float32) (out []float32, whole int) {
	had := len(dst)
	for ; len(samples) >= m.channels; samples = samples[m.channels:] {
		sum := 0.0
		for _, x := range samples[:m.channels] {
			sum += float64(x)
		}
		if sum != sum {
			break
		}
		mean := sum / float64(m.channels)
		for c, x := range samples[:m.channels] {
			m.squares[c] += float64(float64(x) * float64(x))
		}
		m.mixed += float64(mean * mean)
		dst = append(dst, float32(mean))
		if m.frames++; m.frames == m.window {
			m.compare()
		}
	}
	return dst, len(dst) - had
}

// End compares the channels of what is left, at the end of a recording.
func (m *Mixer) End() {
	if m.frames > 0 && m.frames >= m.window/30 { // a tenth of a second
		m.compare()
	}
}

// compare holds the mix against its channels, and begins a new window.
func (m *Mixer) compare() {
	sum, loudest := 0.0, 0.0
	for c, s := range m.squares {
		sum += s
		loudest = max(loudest, s)
		m.squares[c] = 0
	}
	n, channels := float64(m.frames), float64(m.channels)
	if loudest/n >= quietPower && float64(m.mixed*channels*channels*cancelFactor) < sum && m.found.Load() == nil {
		m.found.Store(&cancellation{mix: math.Sqrt(m.mixed / n), loudest: math.Sqrt(loudest / n)})
	}
	m.frames, m.mixed = 0, 0
}

// Report logs that channels cancel each other out, and says whether it did; it does not when that was said before. Add may
// run meanwhile, in another goroutine.
func (m *Mixer) Report(log *slog.Logger, before bool, attributes ...any) bool {
	found := m.found.Load()
	if found == nil || before || log == nil {
		return false
	}
	log.Warn("the channels cancel each other out: their mix is much quieter than they are, so choose one (channel: left)",
		append(attributes, "mix", decibels(found.mix), "loudest", decibels(found.loudest))...)
	return true
}

// decibels writes a level of a full scale of 1.
func decibels(level float64) string {
	if level < 1e-6 {
		return "below -120 dBFS"
	}
	return fmt.Sprintf("%.0f dBFS", 20*math.Log10(level))
}
