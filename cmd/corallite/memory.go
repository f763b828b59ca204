package main

import (
	"runtime/debug"

	"github.com/ebitengine/purego"
)

// The parameters of glibc's mallopt (malloc.h).
const (
	mArenaMax      = -8
	mMmapThreshold = -3
	mTrimThreshold = -1
)

// tuneMalloc sets how C memory is kept, before anything large is allocated: blocks of a picture's size go back to the
// system when they are freed, where glibc would otherwise learn to keep them; what an operator of a model takes for
// the length of a run stays, because getting it anew costs a page fault for every 4 KiB; and two heaps serve all threads
// instead of eight a core. Another C library has no mallopt and needs none.
func tuneMalloc() {
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

// giveBack gives memory that was needed to open the models back to the system: their files were read and checked in
// memory that nobody uses from here on.
func giveBack() {
	debug.FreeOSMemory()
	symbol, err := purego.Dlsym(purego.RTLD_DEFAULT, "malloc_trim")
	if err != nil {
		return
	}
	var trim func(pad uintptr) int32
	purego.RegisterFunc(&trim, symbol)
	trim(0)
}
