package app

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// The parameters of glibc's mallopt (malloc.h).
const (
	mArenaMax      = -8
	mMmapThreshold = -3
	mTrimThreshold = -1
)

// TuneMalloc sets how C memory is kept, before anything large is allocated: blocks of a picture's size go back to the
// system when they are freed, where glibc would otherwise learn to keep them; what an operator of a model takes for
// the length of a run stays, because getting it anew costs a page fault for every 4 KiB; and two heaps serve all threads
// instead of eight a core. Another C library has no mallopt and needs none.
func TuneMalloc() {
	symbol, err := purego.Dlsym(purego.RTLD_DEFAULT, "mallopt")
	if err != nil {
		return
	}
	var mallopt func(param, value int32) int32
	purego.RegisterFunc(&mallopt, symbol)
	mallopt(mArenaMax, 2)
	mallopt(mMmapThreshold, 1<<20)
	mallopt(mTrimThreshold, 4<<20)
}

// FreeMemory gives memory that was needed to open the models back to the system: their files were read and checked in
// memory that nobody uses from here on.
func FreeMemory() {
	debug.FreeOSMemory()
	trimMalloc()
	if f, err := os.Open("/proc/self/smaps"); err == nil {
		defer f.Close()
		dropCode(f)
	}
}

// trimMalloc gives the pages of C's heaps back to the system in which nothing is allocated. It takes some milliseconds,
// in which threads that allocate wait. Another C library than glibc has no such call.
func trimMalloc() {
	symbol, err := purego.Dlsym(purego.RTLD_DEFAULT, "malloc_trim")
	if err != nil {
		return
	}
	var trim func(pad uintptr) int32
	purego.RegisterFunc(&trim, symbol)
	trim(0)
}

// trimEvery is how often a run that lasts gives C memory back.
const trimEvery = 5 * time.Minute

// keepTrimmed gives C memory back from time to time until stop is called. glibc keeps what a heap needed at its busiest
// moment, and a heap never has its busiest moment behind it: each time that many threads allocate at once, as when the
// machine was held up and all cameras' pictures come together, a run of weeks would get a little larger.
func keepTrimmed() (stop func()) {
	ticker, done := time.NewTicker(trimEvery), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				trimMalloc()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-ended
	}
}

// dropCode takes the pages of programs and libraries out of this process's memory, code and constants, given its smaps. Linux
// maps the 64 KiB around each instruction that is run and each value that is read, and constructors and the dynamic linker,
// which reads tables of symbols, touch a little of each of some 170 libraries: most of that is never used again. What is used comes back from the page cache, where all of it stays.
// Mappings in which a page was written, as a debugger does, are left alone.
func dropCode(smaps io.Reader) {
	var start, end uintptr // of the mapping that the lines are about; 0: none to drop
	for scan := bufio.NewScanner(smaps); scan.Scan(); {
		words := strings.Fields(scan.Text())
		switch {
		case len(words) >= 5 && strings.Contains(words[0], "-"):
			start, end = 0, 0
			if len(words) == 6 && (words[1] == "r-xp" || words[1] == "r--p") && strings.HasPrefix(words[5], "/") {
				if _, err := fmt.Sscanf(words[0], "%x-%x", &start, &end); err != nil {
					start, end = 0, 0
				}
			}
		case len(words) == 3 && words[0] == "Private_Dirty:" && words[1] == "0" && start != 0:
			// An error leaves the pages where they are.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		}
	}
}
