package worker

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"corallite/delegate"
	"corallite/internal/isolate"
)

// tryToLeave is a child that tries forbidden things, and answers the first opening with the results.
func tryToLeave(c *isolate.Child, file string) error {
	return c.Serve(func(_ []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		_, read := os.ReadFile(file)
		written := os.WriteFile(file, []byte("x"), 0o644)
		socket, inet := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if inet == nil {
			_ = unix.Close(socket)
		}
		privileges, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		if err != nil {
			return 0, err
		}
		return answered(reply, joined(map[string]bool{
			"read": read == nil, "written": written == nil, "internet": inet == nil, "no new privileges": privileges == 1,
		}))
	})
}

// joined is an error with the attempts.
func joined(tried map[string]bool) error {
	text, _ := json.Marshal(tried)
	return errors.New(string(text))
}

// TestConfined: files that are not named and the internet are inaccessible, and no privileges can be gained; as far as
// this kernel can.
func TestConfined(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		HostOptions
		reach bool
	}{{"not named", HostOptions{}, false}, {"named", HostOptions{Access: delegate.Access{ReadWrite: []string{file}}}, true}} {
		t.Run(c.name, func(t *testing.T) {
			c.Library = "try:" + file
			h, err := StartHost(t.Context(), c.HostOptions)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			_, err = h.Open(t.Context(), Request{})
			var got map[string]bool
			if e := json.Unmarshal([]byte(err.Error()), &got); e != nil {
				t.Fatalf("%v: %v", err, e)
			}
			has := h.Confinement()
			reach := c.reach || has.Landlock == 0
			want := map[string]bool{"read": reach, "written": reach, "internet": !has.Seccomp, "no new privileges": has.NoNewPrivileges}
			for what, is := range want {
				if got[what] != is {
					t.Errorf("%s: %v, want %v; confinement %+v", what, got[what], is, has)
				}
			}
			if !has.NoNewPrivileges {
				t.Errorf("confinement %+v", has)
			}
		})
	}
}

// TestModelOutOfReach: a model that the child may not read gives an error that says so.
func TestModelOutOfReach(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.tflite")
	if err := os.WriteFile(file, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, off := range []bool{false, true} {
		h, err := StartHost(t.Context(), HostOptions{Unconfined: off})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if !off && h.Confinement().Landlock == 0 {
			continue
		}
		_, err = h.Open(t.Context(), Request{Files: delegate.Files{CPU: file}, Choice: delegate.None})
		if errors.Is(err, fs.ErrPermission) == off || !strings.Contains(err.Error(), file) {
			t.Errorf("unconfined %v: %v", off, err)
		}
	}
}
