package tflite

import "syscall"

// limitMemory keeps a hostile model's tensors from taking the machine's memory.
func limitMemory() {
	if raceEnabled {
		return // the race detector maps terabytes
	}
	limit := syscall.Rlimit{Cur: 8 << 30, Max: 8 << 30}
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &limit)
}
