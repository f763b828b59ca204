package opencv

import (
	"runtime"
	"sync"
	"testing"
)

// TestThreadsEnd calls C functions on threads that end, as those do that start child processes. purego before 0.11
// wrote over the stack of the thread that it was called on, of which nobody knew before the thread ended.
func TestThreadsEnd(t *testing.T) {
	for range 20 {
		var all sync.WaitGroup
		for range 8 {
			all.Add(1)
			go func() {
				defer all.Done()
				runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
				setLogLevel(0)
			}()
		}
		all.Wait()
	}
}
