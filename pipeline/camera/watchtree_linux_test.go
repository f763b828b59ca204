package camera

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// withoutRights marks the child that TestWatchTreeCannotRead runs in.
const withoutRights = "CORALLITE_TEST_WITHOUT_RIGHTS"

// TestWatchTreeCannotRead says which folder below cannot be read, and watches the others. Root reads everything, so for root it
// runs in a child that has lost the right to.
func TestWatchTreeCannotRead(t *testing.T) {
	dir, warned := t.TempDir(), ""
	secret := mkdir(t, dir, "secret")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(secret, 0o755)
	if _, err := os.ReadDir(secret); err == nil {
		if os.Getenv(withoutRights) != "" {
			t.Fatal("a child without the rights of root reads everything all the same")
		}
		runWithoutRights(t)
		return
	}
	o := tree()
	o.Warn = func(message string) { warned += message }
	w := watch(t, dir, o)
	expect(t, w, write(t, filepath.Join(mkdir(t, dir, "open"), "p.png"), reds(t, 3)), 3)
	if !strings.Contains(warned, secret) {
		t.Errorf("warned %q", warned)
	}
}

// runWithoutRights runs the test in a child that may not pass over permissions: its program gets no more capabilities than
// the set that bounds those of the thread that starts it (capabilities(7)).
func runWithoutRights(t *testing.T) {
	t.Helper()
	var said []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, as nothing gives it its rights back
		for _, right := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
			if err = unix.Prctl(unix.PR_CAPBSET_DROP, right, 0, 0, 0); err != nil {
				return
			}
		}
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), withoutRights+"=1")
		said, err = child.CombinedOutput()
	}()
	<-done
	if err != nil || !strings.Contains(string(said), "--- PASS: "+t.Name()) {
		t.Errorf("without the rights of root: %v\n%s", err, said)
	}
}
