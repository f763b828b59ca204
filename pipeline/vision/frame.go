package vision

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"sync"
	"sync/atomic"

	"gocv.io/x/gocv"

	"corallite/internal/refcount"
	"corallite/pipeline"
)

// Frame is a picture on its way through a pipeline. It comes as BGR, 8 bits a channel (CV_8UC3), rows without gaps, or in
// planes of luma and chroma (SetPlanes), of which Mat makes BGR when somebody asks for it. It is counted as pipeline.Item says: made with one reference, kept with Retain, given back with Release. Methods may be
// called by several goroutines at once, except Target, SetFPS and Seal.
//
// After the last Release the frame belongs to its Pool, which gives it out again. Until then a use of it shows an
// empty picture and a Retain or Release does nothing; both Retain and Release then count as a Misuse of the Pool.
type Frame struct {
	meta    pipeline.Meta
	refs    refcount.Count
	sealed  atomic.Bool
	single  bool        // see SetSingleUse
	spent   atomic.Bool // its planes were given back before its last Release
	width   int
	height  int
	reduced reduction
	fps     float64
	moved   []image.Rectangle // where something moved
	watched bool              // moved is known
	pool    *Pool
	store   *store
}

// store is what outlives a Frame that somebody forgot to release.
type store struct {
	mat    gocv.Mat
	planar planar
	closed atomic.Bool
	held   atomic.Bool // whether references are out: tells a leak from an idle frame
}

// Meta says where the frame came from. The source fills it; the Stream sets Seq.
func (f *Frame) Meta() *pipeline.Meta { return &f.meta }

// Mat is the picture, in the size that Reduction says. It is valid until the caller's Release and must be neither changed
// nor closed.
func (f *Frame) Mat() gocv.Mat {
	if !f.usable() || f.spent.Load() {
		return nothing()
	}
	if f.store.planar.filled {
		return f.store.made()
	}
	return f.store.mat
}

func (f *Frame) usable() bool { return f.refs.InUse() && f.sealed.Load() }

// Width is the picture's width in pixels, which is that of the source, not of a reduced Mat; 0 after the last Release.
func (f *Frame) Width() int {
	if !f.usable() {
		return 0
	}
	return f.width
}

// Height is the picture's height in pixels, as Width; 0 after the last Release.
func (f *Frame) Height() int {
	if !f.usable() {
		return 0
	}
	return f.height
}

// FPS is the frames per second of the video or camera that the frame came from, and 0 for a picture that stands alone.
func (f *Frame) FPS() float64 { return f.fps }

// SetFPS says that the frame is one of many, so many in a second; between Get and Seal, by the source. The annotated
// copies of frames with a rate become a video, those of the others pictures. A source that does not know its rate
// gives its best guess.
func (f *Frame) SetFPS(fps float64) { f.fps = fps }

// Moved returns the areas of the picture, in its pixels, in which something moves or moved a moment ago; they may overlap. It
// must not be changed. known is false where nobody watched, or nothing is known yet.
func (f *Frame) Moved() (areas []image.Rectangle, known bool) { return f.moved, f.watched }

// SetMoved says where something moved; by the source, before it passes the frame on.
func (f *Frame) SetMoved(areas []image.Rectangle) { f.moved, f.watched = areas, true }

// Reduction is how many times smaller than Width and Height Mat is: 1, unless the source was asked to decode pictures in a
// smaller size.
func (f *Frame) Reduction() int { return f.reduced.factor() }

// SetReduction says that Target holds a picture of width × height pixels in 1/by of its size, and where in the picture, in
// its pixels, Target's upper left corner lies; between Get and Seal, by the source. A decoder that reduces blocks of by × by
// pixels to one fills the last ones up, so that Target can reach up to by pixels beyond the picture.
func (f *Frame) SetReduction(by, width, height int, corner image.Point) {
	f.reduced = reduction{by: by, corner: corner, width: width, height: height}
}

// Target is the Mat that a source fills, between Get and Seal. It holds what the last use left in it, so that a
// picture of the same size needs no new memory.
func (f *Frame) Target() *gocv.Mat { return &f.store.mat }

// Reserve makes Target hold width × height pixels and returns their bytes, BGR, row after row.
func (f *Frame) Reserve(width, height int) ([]byte, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	return reserve(&f.store.mat, width, height)
}

func checkSize(width, height int) error {
	if width <= 0 || height <= 0 || width > MaxPixels/height {
		return fmt.Errorf("invalid picture size %dx%d (want at least 1x1 and at most %d pixels)", width, height, MaxPixels)
	}
	return nil
}

func reserve(m *gocv.Mat, width, height int) ([]byte, error) {
	if m.Cols() != width || m.Rows() != height || m.Type() != gocv.MatTypeCV8UC3 || !m.IsContinuous() {
		m.Close()
		*m = gocv.NewMatWithSize(height, width, gocv.MatTypeCV8UC3)
	}
	return m.DataPtrUint8()
}

// Seal ends the filling: the frame may now be given to others. It fails when Target is not a BGR picture of 8 bits a
// channel, or when planes are shorter than their picture; the caller still has to Release the frame.
func (f *Frame) Seal() error {
	if f.store.planar.filled {
		return f.sealPlanes()
	}
	m := &f.store.mat
	switch {
	case m.Empty():
		return errors.New("the picture is empty")
	case m.Type() != gocv.MatTypeCV8UC3:
		return fmt.Errorf("the picture has OpenCV's type %v, not CV_8UC3 (BGR, 8 bits a channel)", m.Type())
	case !m.IsContinuous():
		return errors.New("the picture's rows have gaps between them")
	}
	f.width, f.height = m.Cols(), m.Rows()
	if f.reduced.factor() > 1 {
		f.width, f.height = f.reduced.width, f.reduced.height
	}
	f.sealed.Store(true)
	return nil
}

// Retain keeps the frame for one more Release.
func (f *Frame) Retain() {
	if !f.refs.Retain() {
		f.pool.misuses.Add(1)
	}
}

// Release gives one reference back.
func (f *Frame) Release() {
	switch last, ok := f.refs.Release(); {
	case !ok:
		f.pool.misuses.Add(1)
	case last:
		f.pool.takeBack(f)
	}
}

// NewFrame makes a frame of a picture that the caller has: BGR, 8 bits a channel. The Mat then belongs to the frame,
// also after an error, and is closed at the last Release.
func NewFrame(mat gocv.Mat) (*Frame, error) {
	p := NewPool(0)
	f := p.wrap(mat)
	p.out.Add(1)
	if err := f.Seal(); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// nothing is an empty Mat that lives as long as the process, for uses of a frame that was released: gocv's methods
// crash on a Mat that was closed, and only say "empty" on this one.
var nothing = sync.OnceValue(gocv.NewMat)

// wrap makes a Frame with one reference around a Mat.
func (p *Pool) wrap(mat gocv.Mat) *Frame {
	s := &store{mat: mat}
	f := &Frame{pool: p, store: s}
	f.refs.Start()
	s.held.Store(true)
	// A frame that nobody can reach any more and that was not released would keep its pixels for ever: the garbage
	// collector does not see what C allocated.
	counts := p.counts
	runtime.AddCleanup(f, func(s *store) {
		if s.held.Load() {
			counts.leaks.Add(1)
			counts.out.Add(-1)
		}
		s.close()
	}, s)
	return f
}

func (s *store) close() {
	if !s.closed.Swap(true) {
		s.planar.giveBack()
		s.mat.Close()
	}
}
