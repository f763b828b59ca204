// Package refcount counts references to pooled objects.
package refcount

import "sync/atomic"

// Count is a reference count. Its zero value is an unused object.
type Count struct{ n atomic.Int32 }

// Start sets the count to one. The caller must be the only user of the object.
func (c *Count) Start() { c.n.Store(1) }

// Retain adds a reference. It returns false and adds none if the last one was already released.
func (c *Count) Retain() bool { return c.add(1) > 0 }

// Release removes a reference and reports whether it was the last. ok is false, and nothing happens, if the last one was
// already released.
func (c *Count) Release() (last, ok bool) {
	n := c.add(-1)
	return n == 0, n >= 0
}

// InUse reports whether there is a reference.
func (c *Count) InUse() bool { return c.n.Load() > 0 }

// add returns the count after a change, or -1 if it is already 0, which stays so.
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
