package app

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
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
	dropCode()
}

// Starting says that the program has started and that the work begins: the code that only starting needed goes out of memory,
// while the caller goes on. Only the first call does anything. Run calls it; who reads large files before Run, earlier.
func Starting() { started() }

var started = sync.OnceValue(dropCodeAside)

// dropCodeAside drops the code that was run so far, as dropCode does, while the caller goes on. wait returns when it is done;
// it may be called several times.
func dropCodeAside() (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		dropCode()
	}()
	return func() { <-done }
}

// dropCodeOften drops code after each of these times, while the caller goes on, until wait is called.
func dropCodeOften(after ...time.Duration) (wait func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for _, t := range after {
			select {
			case <-time.After(t):
				dropCode()
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(ended)
		<-done
	})
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

// dropCode takes the pages of programs and libraries out of this process's memory, code and constants. Linux
// maps the 64 KiB around each instruction that is run and each value that is read, and constructors, Go's initializers and
// the dynamic linker, which reads tables of symbols, touch a little of everything: most of that is never used again. What
// is used comes back from the page cache, where all of it stays.
func dropCode() {
	if f, err := os.Open("/proc/self/smaps"); err == nil {
		defer f.Close()
		dropClean(f)
	}
}

// dropClean is dropCode for the mappings that smaps lists. Those in which a page was written, as a debugger does, are left
// alone.
func dropClean(smaps io.Reader) {
	var start, end uintptr // of the mapping that the lines are about; 0: none to drop
	for scan := bufio.NewScanner(smaps); scan.Scan(); {
		line := scan.Bytes()
		switch {
		case len(line) > 0 && (line[0] < 'A' || line[0] > 'Z'):
			start, end = mappedFile(line)
		case start != 0 && bytes.HasPrefix(line, []byte("Private_Dirty:")) && bytes.HasSuffix(line, []byte(" 0 kB")):
			// An error leaves the pages where they are.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		}
	}
}

// mappedFile is where a mapping begins and ends, of the first line that smaps has about it ("7f00-8000 r-xp 0 00:00 0 /file");
// 0 if it is not a file's code or constants.
func mappedFile(line []byte) (start, end uintptr) {
	addresses, rest, _ := bytes.Cut(line, []byte(" "))
	if !bytes.HasPrefix(rest, []byte("r-xp ")) && !bytes.HasPrefix(rest, []byte("r--p ")) || !bytes.Contains(rest, []byte(" /")) {
		return 0, 0
	}
	from, to, _ := bytes.Cut(addresses, []byte("-"))
	first, err := strconv.ParseUint(string(from), 16, 64)
	last, err2 := strconv.ParseUint(string(to), 16, 64)
	if err != nil || err2 != nil || last <= first {
		return 0, 0
	}
	return uintptr(first), uintptr(last)
}
