package vision

import (
	"image"
	"sync"
	"unsafe"

	"gocv.io/x/gocv"
)

// scratch is the memory of one call of Prepare.
type scratch struct {
	small   gocv.Mat // the picture in the input's size, BGR
	ordered gocv.Mat // the same in the model's order of colours
	dst     gocv.Mat // a header on the tensor's memory
	at      *byte    // where dst points
	inside  gocv.Mat // the part of small that is not a letterbox's bars
	where   image.Rectangle
	whole   bool // inside is all of small
}

// scratchList keeps scratches for the next call. It is apart from Input so that a forgotten Input can be cleaned up.
type scratchList struct {
	width, height int
	ordered, kind gocv.MatType
	table         gocv.Mat

	mu     sync.Mutex
	idle   []*scratch
	taken  int
	closed bool
	freed  bool
}

func newScratchList(in *Input, table []byte) *scratchList {
	channels := gocv.MatType(gocv.MatChannels3)
	if in.channels == 1 {
		channels = gocv.MatChannels1
	}
	l := &scratchList{width: in.width, height: in.height, ordered: gocv.MatTypeCV8U + channels, kind: in.depth + channels}
	l.table = gocv.NewMatWithSize(1, 256, l.kind)
	if pixels, err := l.table.DataPtrUint8(); err == nil { // a new Mat has no gaps, which is all that it can refuse
		copy(pixels, table)
	}
	return l
}

// take gives a scratch whose dst shows data: one that did already, if there is one.
func (l *scratchList) take(data []byte) (*scratch, error) {
	at := unsafe.SliceData(data) // compared, never followed
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, ErrClosed
	}
	var s *scratch
	if n := len(l.idle); n > 0 {
		best := n - 1
		for i, one := range l.idle {
			if one.at == at {
				best = i
			}
		}
		s = l.idle[best]
		l.idle[best] = l.idle[n-1]
		l.idle = l.idle[:n-1]
	}
	l.taken++
	l.mu.Unlock()
	if s == nil {
		s = &scratch{
			small:   gocv.NewMatWithSize(l.height, l.width, gocv.MatTypeCV8UC3),
			ordered: gocv.NewMatWithSize(l.height, l.width, l.ordered),
		}
	}
	if s.at == at {
		return s, nil
	}
	if s.at != nil {
		s.dst.Close()
		s.at = nil
	}
	// Where data is Go memory, C keeps its address beyond this call. That is safe: gocv.Mat keeps data reachable, the
	// collector does not move it, and nothing is written through it but while Prepare has dst.
	dst, err := gocv.NewMatFromBytes(l.height, l.width, l.kind, data)
	if err != nil {
		l.release(s)
		return nil, err
	}
	s.dst, s.at = dst, at
	return s, nil
}

func (l *scratchList) release(s *scratch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	l.idle = append(l.idle, s)
	l.freeWhenDone()
}

// close frees everything now, or when the last scratch that is taken comes back.
func (l *scratchList) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.freeWhenDone()
}

func (l *scratchList) freeWhenDone() {
	if !l.closed || l.taken > 0 || l.freed {
		return
	}
	l.freed = true
	for _, s := range l.idle {
		s.close()
	}
	l.idle = nil
	l.table.Close()
}

func (s *scratch) close() {
	s.small.Close()
	s.ordered.Close()
	if s.at != nil {
		s.dst.Close()
	}
	if s.where != (image.Rectangle{}) && !s.whole {
		s.inside.Close()
	}
}

// part is the Mat for a part of small, whose rest has the colour fill (red, green, blue). Pictures of one size use
// one part, so the bars are painted when the part changes and not for each picture.
func (s *scratch) part(r image.Rectangle, fill [3]uint8) *gocv.Mat {
	if r == s.where {
		if s.whole {
			return &s.small
		}
		return &s.inside
	}
	if s.where != (image.Rectangle{}) && !s.whole {
		s.inside.Close()
	}
	s.where, s.whole = r, r == image.Rect(0, 0, s.small.Cols(), s.small.Rows())
	if s.whole {
		return &s.small
	}
	s.small.SetTo(gocv.NewScalar(float64(fill[2]), float64(fill[1]), float64(fill[0]), 0))
	s.inside = s.small.Region(r)
	return &s.inside
}
