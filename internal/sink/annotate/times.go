package annotate

import (
	"math"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/libav"
)

// times are the times of a recording's frames in its annotated copy, in ticks (libav.Ticks). A frame is written when the next
// one comes, since only then it is known for how long it is shown.
type times struct {
	step    int64         // how long a frame is shown when nothing says otherwise: at the source's rate
	begun   bool          // there is a frame that waits, in movie.yuv
	at      int64         // its time in the copy
	last    time.Duration // its position in the recording
	shown   int64         // how long the frame before it was shown
	shifted time.Duration // position in the recording that is time 0 of the copy
}

// add moves on to the frame at a position in the recording, and returns the time of the one that waited and how long it is
// shown.
func (t *times) add(position time.Duration) (at, ticks int64, waited bool) {
	if !t.begun {
		t.begun, t.shifted, t.last, t.shown = true, position, position, t.step
		return 0, 0, false
	}
	if position <= t.last { // frames without times, or the same recording once more
		t.shifted = position - ofTicks(t.at+t.step)
	}
	at, next := t.at, max(toTicks(position-t.shifted), t.at+1)
	t.at, t.last, t.shown = next, position, next-at
	return at, t.shown, true
}

func toTicks(d time.Duration) int64 { return int64(math.Round(d.Seconds() * libav.Ticks)) }

func ofTicks(n int64) time.Duration {
	return time.Duration(math.Round(float64(n) * float64(time.Second) / libav.Ticks))
}

// writeAt adds a frame at a position in the recording. It is in the file when the next one comes, or at the end.
func (m *movie) writeAt(frame *gocv.Mat, position time.Duration) error {
	if at, ticks, waited := m.times.add(position); waited {
		if err := m.wrote(m.writeWaiting(at, ticks)); err != nil {
			return err
		}
	}
	_, err := m.convert(frame)
	return err
}

// writeLast writes the frame that waits: it is shown for as long as the one before it.
func (m *movie) writeLast() error {
	if m.times == nil || !m.times.begun {
		return nil
	}
	m.times.begun = false
	return m.writeWaiting(m.times.at, m.times.shown)
}

// writeWaiting writes the frame that waits, for so many ticks from at on.
func (m *movie) writeWaiting(at, ticks int64) error {
	i420, err := m.yuv.DataPtrUint8()
	if err != nil {
		return err
	}
	if err := m.copySound(m.times.shifted, ofTicks(at+ticks)); err != nil {
		return err
	}
	return m.video.WriteAt(i420, at, ticks)
}
