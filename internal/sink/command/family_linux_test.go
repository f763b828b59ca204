package command

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
)

// TestLeftTheGroup: what a program started ends at the time limit with it, also when it is in a session of its own, does
// not want to end, and has lost its parent or cleared its environment.
func TestLeftTheGroup(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c := clocktest.New(time.Time{})
	ready := pipe(t, dir, "ready")
	const stubborn = `trap "" TERM; echo $$ > NAME.part; mv NAME.part NAME; while :; do sleep 1; done`
	s, to := open(t, Options{Clock: c, Timeout: 3 * time.Second, On: map[string][]string{
		"one": script(strings.NewReplacer(
			"CHILD", strings.ReplaceAll(stubborn, "NAME", "child"), "ORPHAN", strings.ReplaceAll(stubborn, "NAME", "orphan"), "BARE", strings.ReplaceAll(stubborn, "NAME", "bare"),
		).Replace(`
setsid sh -c 'CHILD' &
(setsid sh -c 'ORPHAN' &)
env -i PATH="$PATH" setsid sh -c 'BARE' &
while ! [ -e child ] || ! [ -e orphan ] || ! [ -e bare ]; do sleep 0.01; done
echo > "$1"
while :; do sleep 1; done`), ready),
	}})
	consume(t, s, words("one"))
	read(t, ready)
	var before []process
	for _, name := range []string{"child", "orphan", "bare"} {
		pid, err := strconv.Atoi(strings.TrimSpace(read(t, filepath.Join(dir, name))))
		if err != nil {
			t.Fatal(err)
		}
		p, runs := look(pid)
		if !runs {
			t.Fatalf("%s does not run", name)
		}
		before = append(before, p)
		t.Cleanup(func() { _ = p.signal(syscall.SIGKILL) })
	}
	c.Pass(3 * time.Second)
	closeQuietly(t, s)
	to.Want(t, 0, `killed after its time limit of 3s$`)
	for _, p := range before {
		waitGone(t, strconv.Itoa(p.pid))
	}
}

// TestOthersAreSpared: processes with another mark, or none, are not signalled.
func TestOthersAreSpared(t *testing.T) {
	var k kin
	k.mark = Mark + "=nobody's"
	if n := k.signal(syscall.SIGKILL); n != 0 {
		t.Errorf("%d processes", n)
	}
	p, runs := look(syscall.Getpid())
	if !runs {
		t.Fatal("this process does not run")
	}
	p.started += "0" // another one that had the number before
	if err := p.signal(syscall.SIGKILL); err == nil {
		t.Error("it was signalled")
	}
}
