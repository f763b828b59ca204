package vision

import (
	"fmt"
	"image"
	"sync"
	"sync/atomic"

	"gocv.io/x/gocv"

	"corallite/internal/yuv"
)

// planar is the content of a frame that came in planes. The Mat is made of it when somebody asks for it.
type planar struct {
	picture yuv.Picture
	part    image.Rectangle // of picture, which is the frame
	filled  bool            // the frame's content is here; does not change while it is sealed
	memory  []byte          // of ReservePlanes, kept for the next picture

	mu      sync.Mutex // of what follows
	release func()     // gives picture back; nil: it is the frame's own
	made    atomic.Bool
}

// SetPlanes fills the frame with a picture in planes, as video decoders give it, instead of Target; between Get and Seal,
// by the source. The memory is borrowed until release is called, once and by any goroutine, at the frame's last Release;
// also if Seal fails. A nil release is not called.
// release must not keep the frame reachable, so that a frame that nobody released is noticed.
func (f *Frame) SetPlanes(p yuv.Picture, release func()) { f.setPart(p, p.Bounds(), release) }

func (f *Frame) setPart(p yuv.Picture, part image.Rectangle, release func()) {
	s := &f.store.planar
	s.giveBack()
	s.picture, s.part, s.release, s.filled = p, part, release, true
	s.made.Store(false)
}

// SetSingleUse says that the frame's picture is for one model's input and nobody else: its planes are given back as soon as
// Prepare has made that, and not at the last Release. The frame keeps its size and Meta. Between Get and Seal, by a source
// that was told so; pictures that came as BGR stay.
func (f *Frame) SetSingleUse() { f.single = true }

// used gives the planes of a single use back.
func (f *Frame) used() {
	if f.single {
		f.spent.Store(true)
		f.store.planar.giveBack()
	}
}

// ReservePlanes fills the frame with a picture of width × height pixels in planes of its own memory, which the source
// writes to before Seal. The picture's Matrix and Full are those of p, whose size and planes do not matter.
func (f *Frame) ReservePlanes(p yuv.Picture, width, height int) (yuv.Picture, error) {
	if err := checkSize(width, height); err != nil {
		return p, err
	}
	s := &f.store.planar
	if n := yuv.Bytes(p.Layout, width, height); cap(s.memory) < n {
		s.memory = make([]byte, n)
	}
	own, err := yuv.In(s.memory[:cap(s.memory)], p.Layout, width, height)
	if err != nil {
		return p, err
	}
	own.Matrix, own.Full = p.Matrix, p.Full
	f.SetPlanes(own, nil)
	return own, nil
}

// Planes returns the picture in planes, and the part of it that is the frame, if it came so. They are valid until the
// caller's Release and only read.
func (f *Frame) Planes() (p *yuv.Picture, part image.Rectangle, ok bool) {
	if !f.usable() || f.spent.Load() || !f.store.planar.filled {
		return nil, image.Rectangle{}, false
	}
	return &f.store.planar.picture, f.store.planar.part, true
}

// Converted reports whether the frame came as BGR, or in planes of which somebody made BGR by asking for Mat.
func (f *Frame) Converted() bool {
	return f.usable() && (!f.store.planar.filled || f.store.planar.made.Load())
}

// CopyTo copies the picture, BGR, in the size of Mat. It costs no more than copying Mat, also for a picture in planes,
// which is not converted twice if others ask for Mat.
func (f *Frame) CopyTo(dst *gocv.Mat) {
	if p, part, ok := f.Planes(); ok && !f.store.planar.made.Load() {
		convert(p, part, dst)
		return
	}
	m := f.Mat()
	m.CopyTo(dst)
}

// Cut fills the frame with a part of another one, with its Meta, rate and SetSingleUse; between Get and Seal. A part of a picture in
// planes is not copied but keeps the other frame until its own last Release. The area lies in the other frame, in pixels.
func (f *Frame) Cut(of *Frame, area image.Rectangle) error {
	if !area.In(image.Rect(0, 0, of.Width(), of.Height())) || area.Empty() {
		return fmt.Errorf("the area %v is empty or not in the picture, which has %dx%d pixels", area, of.Width(), of.Height())
	}
	if p, part, ok := of.Planes(); ok {
		of.Retain()
		f.setPart(*p, area.Add(part.Min), of.Release)
	} else {
		region, exact := of.Part(area)
		region.CopyTo(f.Target()) // without the gaps between the rows of a region
		region.Close()
		f.SetReduction(of.Reduction(), area.Dx(), area.Dy(), exact.Min.Sub(area.Min))
	}
	f.fps, f.meta, f.single = of.fps, of.meta, of.single
	return nil
}

// sealPlanes is Seal for a frame in planes.
func (f *Frame) sealPlanes() error {
	s := &f.store.planar
	if err := s.picture.Check(); err != nil {
		return err
	}
	if f.reduced.factor() > 1 {
		return fmt.Errorf("a picture in planes cannot be reduced by %d", f.reduced.factor())
	}
	if err := checkSize(s.part.Dx(), s.part.Dy()); err != nil || !s.part.In(s.picture.Bounds()) {
		return fmt.Errorf("the part %v of %s is empty or not in it", s.part, &s.picture)
	}
	f.width, f.height = s.part.Dx(), s.part.Dy()
	f.sealed.Store(true)
	return nil
}

// mat is the Mat made of the planes: by the first who asks.
func (s *store) made() gocv.Mat {
	if s.planar.made.Load() {
		return s.mat
	}
	s.planar.mu.Lock()
	defer s.planar.mu.Unlock()
	if !s.planar.made.Load() {
		convert(&s.planar.picture, s.planar.part, &s.mat)
		s.planar.made.Store(true)
	}
	return s.mat
}

// convert writes a part of a picture that passed Check.
func convert(p *yuv.Picture, part image.Rectangle, dst *gocv.Mat) {
	pixels, err := reserve(dst, part.Dx(), part.Dy())
	if err == nil {
		err = p.BGR(pixels, part)
	}
	if err != nil {
		panic("vision: a checked picture cannot be converted: " + err.Error()) // a mistake in this package
	}
}

// giveBack ends the use of borrowed memory.
func (s *planar) giveBack() {
	s.mu.Lock()
	release := s.release
	s.release, s.filled, s.picture = nil, false, yuv.Picture{}
	s.mu.Unlock()
	if release != nil {
		release()
	}
}
