// Package refcount counts who uses something that is used again afterwards.
package refcount

import "sync/atomic"

// Count is a reference count. Its zero value is that of something nobody uses.
type Count struct{ n atomic.Int32 }

// Start begins a use with one reference. Only who has the thing to itself may call it.
func (c *Count) Start() { c.n.Store(1) }

// Retain adds a reference. It is false, and adds none, when the last one was released before.
func (c *Count) Retain() bool { return c.add(1) > 0 }

// Release takes a reference back and says whether it was the last. ok is false, and nothing happens, when the last one
// was released before.
func (c *Count) Release() (last, ok bool) {
	n := c.add(-1)
	return n == 0, n >= 0
}

// InUse says whether there is a reference.
func (c *Count) InUse() bool { return c.n.Load() > 0 }

// add gives the count after a change, or -1 when it is 0 already, which is then left as it is.
func (c *Count) add(d int32) int32 {
	for {
		n := c.n.Load()
		if n <= 0 {
			return -1
		}
		if c.n.CompareAndSwap(n, n+d) {
			return n + d
		}
	}
}
