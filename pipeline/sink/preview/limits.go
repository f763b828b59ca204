package preview

// sendBuffer is what the kernel keeps of a connection that is slower than its pictures come, in bytes: about one
// picture. What lies there is sent before any newer one.
const sendBuffer = 128 << 10

// gate lets a number of clients in at once.
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
