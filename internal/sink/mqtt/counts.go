package mqtt

import "time"

// holdCount is how long a count must be lower before it falls: detectors miss things in single pictures.
const holdCount = time.Second

// presence is how many things of a label there are, in the picture or in a zone, as it is published.
type presence struct {
	count   int // that is shown
	present bool

	now   int       // in the last result
	seen  time.Time // when it was last above 0
	low   time.Time // since when it is below count; zero: it is not
	most  int       // since low
	topic string
	shown *shown // what was published; nil: nothing yet
}

// shown is what is published of a presence.
type shown struct {
	count   int
	present bool
}

// update takes the count in a result.
func (p *presence) update(n int, now time.Time) {
	p.now = n
	if n > 0 {
		p.seen, p.present = now, true
	}
	switch {
	case n >= p.count:
		p.count, p.low = n, time.Time{}
	case p.low.IsZero():
		p.low, p.most = now, n
	default:
		p.most = max(p.most, n)
	}
}

// tick does what time brings.
func (p *presence) tick(now time.Time, offDelay time.Duration) {
	if !p.low.IsZero() && now.Sub(p.low) >= holdCount {
		p.count, p.low = p.most, time.Time{}
		if p.now < p.count {
			p.low, p.most = now, p.now
		}
	}
	if p.present && p.now == 0 && now.Sub(p.seen) >= offDelay {
		p.present = false
	}
}
