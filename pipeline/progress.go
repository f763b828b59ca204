package pipeline

import "time"

// Progress is the progress of a Stream.
type Progress struct {
	Pipeline string
	Done     uint64 // items finished in any way: reported, dropped, failed, unreadable
	Frames   uint64 // items with a report
	Dropped  uint64 // items of a live source that no model saw
	Errors   uint64 // failures counted so far
	Total    int    // number of items of the source; 0: unknown
	Elapsed  time.Duration
	FPS      float64 // reports per second, over the last two seconds
	Final    bool    // the last call: all sinks are closed

	Reopened uint64         // how often a lost source was reopened by the Stream
	Sinks    []SinkProgress // in the order of Stream.Sinks
}

// SinkProgress is how a sink of a Stream does.
type SinkProgress struct {
	Name    string // unique within the Stream
	Taken   uint64 // reports that the sink has taken without an error
	Dropped uint64 // reports that it missed
	Queued  int    // reports that wait for it
}

// rateSpan is how many calls of Progress the rate is taken over.
const rateSpan = 20

// rate is a count now and some calls ago.
type rate struct {
	at    [rateSpan]time.Time
	count [rateSpan]uint64
	calls int
}

// add records the count at a time and returns the rate since the oldest record, in counts per second.
func (r *rate) add(now time.Time, count uint64) float64 {
	i := r.calls % rateSpan
	oldest := 0
	if r.calls >= rateSpan {
		oldest = i
	}
	at, was := r.at[oldest], r.count[oldest]
	r.at[i], r.count[i] = now, count
	r.calls++
	if span := now.Sub(at).Seconds(); r.calls > 1 && span > 0 {
		return float64(count-was) / span
	}
	return 0
}
