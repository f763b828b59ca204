package app

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"corallite/tflite"
)

// The program goes on as before when its code was dropped: it comes back from the files.
func TestDropCode(t *testing.T) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("this system has no /proc/self/smaps")
	}
	defer f.Close()
	dropClean(f)
	// A mapping that cannot be dropped, a written one and lines of another form change nothing.
	dropClean(strings.NewReader("10000-20000 r-xp 00000000 00:00 0 /nowhere\nPrivate_Dirty: 0 kB\n" +
		"zz-zz r-xp 00000000 00:00 0 /nowhere\nPrivate_Dirty: 0 kB\n10000-20000 r-xp\n\nPrivate_Dirty: 4 kB\n"))
	FreeMemory()
	for _, wait := range []func(){dropCodeAside(), dropCodeOften(0, time.Hour), started()} {
		wait()
		wait()
	}
	if version := tflite.RuntimeVersion(); version == "" {
		t.Error("the runtime does not say its version afterwards")
	}
}

// TestMappedFile reads lines as the kernel writes them, and others.
func TestMappedFile(t *testing.T) {
	for line, want := range map[string][2]uintptr{
		"00210000-00e1b000 r--p 00000000 fe:00 10797749                           /usr/bin/a program": {0x210000, 0xe1b000},
		"7f37e8099000-7f37e819a000 r-xp 00099000 fe:00 1234 /usr/lib/libx.so":                         {0x7f37e8099000, 0x7f37e819a000},
		"7f37e8099000-7f37e819a000 rw-p 00099000 fe:00 1234 /usr/lib/libx.so":                         {}, // variables
		"7f37e8099000-7f37e819a000 r-xs 00099000 fe:00 1234 /usr/lib/libx.so":                         {}, // shared
		"7fff00000000-7fff00021000 r-xp 00000000 00:00 0 [vdso]":                                      {},
		"7fff00000000-7fff00021000 r--p 00000000 00:00 0":                                             {},
		"2-1 r-xp 0 0:0 0 /x":  {},
		"2-x r-xp 0 0:0 0 /x":  {},
		"nothing r-xp 0 0 0 /": {},
		"":                     {},
	} {
		if start, end := mappedFile([]byte(line)); start != want[0] || end != want[1] {
			t.Errorf("%q: %x to %x, want %x", line, start, end, want)
		}
	}
}

// TestTrimMalloc frees C memory below a block that stays, which glibc keeps until it is told otherwise.
func TestTrimMalloc(t *testing.T) {
	var malloc func(size uintptr) uintptr
	var free func(block uintptr)
	var memset func(block uintptr, value int32, size uintptr) uintptr
	for name, f := range map[string]any{"malloc": &malloc, "free": &free, "memset": &memset} {
		symbol, err := purego.Dlsym(purego.RTLD_DEFAULT, name)
		if err != nil {
			t.Fatal(err)
		}
		purego.RegisterFunc(f, symbol)
	}
	if _, err := purego.Dlsym(purego.RTLD_DEFAULT, "malloc_trim"); err != nil {
		t.Skip("this C library has no malloc_trim")
	}
	// Each thread has a heap of its own, and a heap whose top is free gives it back by itself.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const block, count = 32 << 10, 2000
	var blocks []uintptr
	for range count {
		b := malloc(block)
		memset(b, 1, block)
		blocks = append(blocks, b)
	}
	last := malloc(block)
	defer free(last)
	for _, b := range blocks {
		free(b)
	}
	before := resident(t)
	trimMalloc()
	if given := before - resident(t); given < block*count/2/1024 {
		t.Errorf("%d KiB of %d were given back", given, block*count/1024)
	}
	keepTrimmed()() // ends at once, and leaves no goroutine behind
}

// resident is what memory is this process's own, in KiB.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "RssAnon: %d kB", &kib); n == 1 {
			return kib
		}
	}
	t.Fatal("the kernel does not say what memory is a process's own")
	return 0
}
