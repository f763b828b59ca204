package main

import (
	"os"
	"strings"
	"testing"
)

// The program goes on as before when its code was dropped: it comes back from the files.
func TestDropCode(t *testing.T) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("this system has no /proc/self/smaps")
	}
	defer f.Close()
	dropCode(f)
	// A mapping that cannot be dropped, a written one and lines of another form change nothing.
	dropCode(strings.NewReader("10000-20000 r-xp 00000000 00:00 0 /nowhere\nPrivate_Dirty: 0 kB\n" +
		"zz-zz r-xp 00000000 00:00 0 /nowhere\nPrivate_Dirty: 0 kB\n10000-20000 r-xp\n\nPrivate_Dirty: 4 kB\n"))
	giveBack()
	if code := Main([]string{"version", "--json"}, strings.NewReader(""), new(strings.Builder), new(strings.Builder)); code != 0 {
		t.Errorf("exit code %d afterwards", code)
	}
}
