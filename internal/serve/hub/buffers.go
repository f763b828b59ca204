package hub

import "sync"

// recycled has memory that requests were read into, by its size: four times as large from one to the next. A picture as
// cameras send it costs no new memory then, which would have to be cleared, and collected soon after.
var recycled [4]sync.Pool // 16 KiB to 1 MiB

// buffer is empty memory for at least n bytes; for more than the largest that is recycled exactly so many.
func buffer(n int64) []byte {
	size := int64(firstRead)
	for i := range recycled {
		if n <= size {
			if b, ok := recycled[i].Get().(*[]byte); ok {
				return (*b)[:0]
			}
			return make([]byte, 0, size)
		}
		size *= 4
	}
	return make([]byte, 0, n)
}

// recycle takes memory back that nobody uses any more.
func recycle(b []byte) {
	size := firstRead
	for i := range recycled {
		if cap(b) == size {
			b = b[:0]
			recycled[i].Put(&b)
			return
		}
		size *= 4
	}
}
