package preview

// sendBuffer limits what the kernel buffers for a slow connection, in bytes: about one picture. What is buffered is sent
// before any newer picture.
const sendBuffer = 128 << 10

// gate limits how many clients are served at once.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

// enter says whether there was room; who got in leaves.
func (g gate) enter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }
