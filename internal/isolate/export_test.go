package isolate

import "context"

// Internals for package isolate_test.
const (
	Marker      = marker
	ChildSocket = childSocket
	HeaderSize  = headerSize
)

// ReplyHeader is the header of a reply to a request.
func ReplyHeader(number uint32) []byte {
	var h header
	h.set(kindReply, number)
	return h[:]
}

// StartBinary is Start with another binary.
func StartBinary(ctx context.Context, o Options, binary string) (*Process, error) {
	return start(ctx, o, binary)
}

// WithLandlock makes the options for a kernel with another Landlock.
func WithLandlock(o Options, version int, err error) Options {
	o.landlock = func() (int, error) { return version, err }
	return o
}

// Descriptor is the memory's file descriptor.
func (m *Memory) Descriptor() int { return m.fd }

// ForgetMain makes this process one whose main has not called Main, until the returned function is called.
func ForgetMain() (remember func()) {
	mainRan.Store(false)
	return func() { mainRan.Store(true) }
}
