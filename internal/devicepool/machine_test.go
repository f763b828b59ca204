package devicepool_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// children are the living children of this process.
func children(tb testing.TB) []int {
	tb.Helper()
	var pids []int
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range tasks {
		text, _ := os.ReadFile(file) // a thread that has ended has none
		for _, word := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				tb.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func killChildren(tb testing.TB) {
	tb.Helper()
	all := children(tb)
	if len(all) == 0 {
		tb.Fatal("there are no children")
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			tb.Error(err)
		}
	}
}

// openFiles counts this process's file descriptors.
func openFiles(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(entries)
}
