package isolate

import "context"

// Names of the package that tests in isolate_test need.
const Marker = marker

// StartBinary is Start with another binary.
func StartBinary(ctx context.Context, o Options, binary string) (*Process, error) {
	return start(ctx, o, binary)
}

// WithLandlock makes the options for a kernel with another Landlock.
func WithLandlock(o Options, version int, err error) Options {
	o.landlock = func() (int, error) { return version, err }
	return o
}
