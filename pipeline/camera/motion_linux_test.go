package camera

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// resident is how many bytes of this process are in memory.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestMotionFreesItsBackgrounds begins a hundred recordings, and opens and closes fifty gates. A background takes 8 MB, of
// which the garbage collector knows nothing.
func TestMotionFreesItsBackgrounds(t *testing.T) {
	f, err := (&tape{count: 1, width: 320, height: 240, draw: func(int, []byte) {}}).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	g, err := newMotionDetector(DefaultMotion())
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	again := func(recordings, gates int) {
		for n := range 2 * recordings {
			g.passes(f, time.Duration(1-n%2)*time.Second) // now later, now earlier than the frame before
		}
		for range gates {
			other, err := newMotionDetector(DefaultMotion())
			if err != nil {
				t.Fatal(err)
			}
			other.passes(f, 0)
			if err := other.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	again(5, 5)
	before := resident(t)
	again(100, 50)
	if grown := resident(t) - before; grown > 200<<20 {
		t.Errorf("%d MB more than before", grown>>20)
	}
}
