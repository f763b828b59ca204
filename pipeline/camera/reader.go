package camera

import (
	"errors"
	"runtime"
	"sync"

	"corallite/internal/turbojpeg"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// Reducer is a source whose pictures can be decoded in a smaller size, which takes less time and memory.
type Reducer interface {
	// Reduce says, before the first Next, how many times smaller, in both directions, a picture of width × height pixels may
	// be decoded. The source takes the next smaller reduction that it has, and none below 2. Frames keep the width and
	// height of their picture, so that results are in its pixels, but Mat is smaller (Frame.Reduction). So it is only for
	// who needs no more than models see: a sink that draws, or a classifier of parts of the picture, needs all of it.
	Reduce(by func(width, height int) float64)
}

var (
	_ Reducer = (*Pictures)(nil)
	_ Reducer = (*Files)(nil)
	_ Reducer = (*Watch)(nil)
	_ Reducer = (*Select)(nil)
)

// Values of the key decode.
const (
	decodeAuto = "auto"
	decodeFull = "full"
)

// memoryAhead limits what the pictures that are decoded ahead take, together: their files, and their pixels.
const memoryAhead = 256 << 20

// idleFrames is the number of unused frames that a source of pictures keeps: about as many as are usually in flight.
const idleFrames = 4

// reader reads picture files into pooled frames, several at once.
type reader struct {
	parallel int
	pool     *vision.Pool
	full     bool                            // do not reduce, whoever asks
	by       func(width, height int) float64 // nil: do not reduce
	files    gate                            // bytes of the files that were read
	pixels   gate                            // bytes of the frames

	mu   sync.Mutex
	bufs [][]byte // that wait to be used
}

func (r *reader) init() {
	r.parallel = runtime.GOMAXPROCS(0)
	r.pool = vision.NewPool(max(idleFrames, r.parallel))
	r.files.init(memoryAhead)
	r.pixels.init(memoryAhead)
}

func (r *reader) reduce(by func(width, height int) float64) {
	if !r.full {
		r.by = by
	}
}

// read reads a picture, the one of that number, counted from 0 without gaps. It returns the memory that the frame takes, for
// r.pixels.leave. Errors are *pipeline.ItemError, or ErrClosed.
func (r *reader) read(path string, number int) (_ *vision.Frame, taken int64, err error) {
	data, back, err := r.load(path, number)
	defer back()
	var h header
	by := 1
	if err == nil {
		if h, err = size(data); err == nil {
			by = h.reduction(r.by)
			taken = frameBytes(h, by)
		}
	}
	if !r.pixels.enter(number, taken) {
		return nil, 0, ErrClosed
	}
	if err != nil {
		return nil, 0, failed(path, err)
	}
	f, err := r.pool.Get()
	if err != nil {
		r.pixels.leave(taken)
		return nil, 0, ErrClosed
	}
	if err := decode(data, h, f, by, number < lightPNGs); err != nil {
		f.Release()
		r.pixels.leave(taken)
		return nil, 0, failed(path, err)
	}
	f.Meta().Source = path
	return f, taken, nil
}

// failed is the error of one picture.
func failed(path string, err error) error {
	if errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	return &pipeline.ItemError{Source: path, Err: err}
}

// load reads a file when it is its turn. back gives the memory back; it may be called in any case.
func (r *reader) load(path string, number int) (_ []byte, back func(), err error) {
	back = func() {}
	f, size, err := openPicture(path)
	if !r.files.enter(number, size) {
		if f != nil {
			f.Close()
		}
		return nil, back, ErrClosed
	}
	if err != nil {
		return nil, back, err
	}
	defer f.Close()
	buf := r.buffer()
	back = func() {
		r.files.leave(size)
		r.keep(buf)
	}
	buf, err = readInto(buf, f, int(size))
	return buf, back, err
}

// reduction is the largest one that a picture may have, from 1 on; by is as in Reducer, nil: none.
func (h header) reduction(by func(width, height int) float64) int {
	if by == nil || h.format != "JPEG" {
		return 1
	}
	most := by(h.upright())
	for _, by := range turbojpeg.Reductions() {
		if float64(by) <= most {
			return by
		}
	}
	return 1
}

// frameBytes is about what it takes to decode a picture to 1/by of its size: what is turned upright is there twice, and a
// progressive JPEG keeps all its coefficients.
func frameBytes(h header, by int) int64 {
	need := 3 * int64(h.width/by+1) * int64(h.height/by+1)
	if h.orientation > 1 {
		need *= 2
	}
	if h.compression != 0 {
		need *= int64(h.copies())
	}
	if h.progressive {
		need += 3 * int64(h.width) * int64(h.height)
	}
	return need
}

// buffer gives memory for a file.
func (r *reader) buffer() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.bufs)
	if n == 0 {
		return nil
	}
	b := r.bufs[n-1]
	r.bufs = r.bufs[:n-1]
	return b
}

func (r *reader) keep(b []byte) {
	if cap(b) == 0 || cap(b) > largeFile {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bufs) < r.parallel {
		r.bufs = append(r.bufs, b[:0])
	}
}

// largeFile is the size of a file whose memory is not kept for the next one.
const largeFile = 16 << 20

// stop ends the waiting for memory.
func (r *reader) stop() {
	r.files.close()
	r.pixels.close()
}
