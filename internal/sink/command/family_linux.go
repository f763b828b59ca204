package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is one at the time of looking: numbers are given again, and the time of the start tells who it was.
type process struct {
	pid, parent int
	started     string // in ticks of the clock since the machine's start
}

// kin are all processes that a program started, whatever sessions and groups they have made for themselves (setsid):
// those that have its mark in their environment, and what descends from them. One that has cleared its environment is
// known from when it was seen with its parent.
type kin struct {
	mark string    // NAME=VALUE
	seen []process // when they were signalled before
}

// signal sends them a signal. It says how many there were.
func (k *kin) signal(sig syscall.Signal) int {
	k.look()
	n := 0
	for _, p := range k.seen {
		if p.signal(sig) == nil {
			n++
		}
	}
	return n
}

// kill ends them, also those that are started meanwhile.
func (k *kin) kill() {
	const rounds, pause = 40, 5 * time.Millisecond // a process that the kernel does not let go of is not waited for
	for range rounds {
		if k.signal(syscall.SIGKILL) == 0 {
			return
		}
		time.Sleep(pause)
	}
}

// look brings seen up to date.
func (k *kin) look() {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return // the pattern is a good one
	}
	before := k.seen
	k.seen = nil
	var others []process
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		p, runs := look(pid)
		known := slices.ContainsFunc(before, func(b process) bool { return b.pid == p.pid && b.started == p.started })
		switch {
		case !runs:
		case known || hasMark(pid, k.mark):
			k.seen = append(k.seen, p)
		default:
			others = append(others, p)
		}
	}
	for i := 0; i < len(k.seen); i++ { // which grows
		for _, p := range others {
			if p.parent == k.seen[i].pid && !slices.Contains(k.seen, p) {
				k.seen = append(k.seen, p)
			}
		}
	}
}

// hasMark reads a process's environment, as it was when the process was started. That of other users' processes cannot
// be read.
func hasMark(pid int, mark string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for pair := range bytes.SplitSeq(env, []byte{0}) {
		if string(pair) == mark {
			return true
		}
	}
	return false
}

// look says which process has that number; false: none, or one that has ended and waits for its parent.
func look(pid int) (process, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	// "1234 (any name, with spaces) S 1 …", the state being field 3 and the start field 22 of proc_pid_stat(5).
	const state, parent, start = 0, 1, 19
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= start || fields[state] == "Z" || fields[state] == "X" {
		return process{}, false
	}
	number, err := strconv.Atoi(fields[parent])
	return process{pid, number, fields[start]}, err == nil
}

// signal signals the process, and no other that has got its number.
func (p process) signal(sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err == nil {
		defer func() { _ = unix.Close(fd) }()
	} else if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) { // an old kernel, or a container's filter
		return err
	}
	if now, runs := look(p.pid); !runs || now.started != p.started {
		return os.ErrProcessDone
	}
	if err != nil {
		return syscall.Kill(p.pid, sig)
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}
