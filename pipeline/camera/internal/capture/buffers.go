package capture

import (
	"slices"
	"sync"
)

// buffers are the memory of offers, which is used again after their release. get is called by the input's goroutine, release by
// any.
type buffers struct {
	mu   sync.Mutex
	free [][]byte
}

// buffersKept are enough for a picture that is being read, the newest one, and one that is being decoded.
const buffersKept = 3

// get returns a buffer of length 0.
func (b *buffers) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		buffer := b.free[n-1]
		b.free = b.free[:n-1]
		return buffer[:0]
	}
	return nil
}

func (b *buffers) put(buffer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) < buffersKept {
		b.free = append(b.free, buffer)
	}
}

// sized returns a buffer of length n.
func sized(buffer []byte, n int) []byte { return slices.Grow(buffer[:0], n)[:n] }

// compressed offers a compressed picture in a buffer; nil: it is not wanted.
func (b *buffers) compressed(captured int64, rate float64, data []byte, wanted func(int64) bool) *offer {
	if !wanted(captured) {
		b.put(data)
		return nil
	}
	return &offer{
		captured: captured, rate: rate,
		write:   func(reserve reserve) error { return decode(data, reserve) },
		release: func() { b.put(data) },
	}
}

// bgr offers a picture whose pixels are in a buffer.
func (b *buffers) bgr(width, height int, pixels []byte) *offer {
	return &offer{
		write: func(reserve reserve) error {
			to, err := reserve(Form{Width: width, Height: height})
			copy(to, pixels)
			return err
		},
		release: func() { b.put(pixels) },
	}
}
