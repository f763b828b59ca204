package models

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// planted are what somebody else may have put in the place of a file that is about to be written. None may be written
// through, or hold the pull.
var planted = map[string]func(place, victim string) error{
	"symbolic link": func(place, victim string) error { return os.Symlink(victim, place) },
	"dangling link": func(place, victim string) error { return os.Symlink(victim+".new", place) },
	"hard link":     func(place, victim string) error { return os.Link(victim, place) },
	"named pipe":    func(place, _ string) error { return syscall.Mkfifo(place, 0o666) },
}

func TestPlantedLinks(t *testing.T) {
	data := noise(100_000)
	for what, plant := range planted {
		for _, ending := range []string{".part", ".part.etag", ".tmp", ""} {
			for _, from := range []string{"server", "mirror"} {
				t.Run(what+ending+" "+from, func(t *testing.T) {
					srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data, `"v1"`) })
					s := netStore(t, srv, data)
					if from == "mirror" {
						s.mirror = t.TempDir()
						write(t, filepath.Join(s.mirror, "net.tflite"), data)
					}
					victim := filepath.Join(t.TempDir(), "victim")
					write(t, victim, []byte("precious"))
					place := filepath.Join(s.cache, "models", "net", "net.tflite"+ending)
					if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := plant(place, victim); err != nil {
						t.Fatal(err)
					}
					found, err := s.Pull(context.Background(), "net", nil)
					if err != nil {
						t.Fatal(err)
					}
					wantFile(t, found.Model, data)
					wantFile(t, victim, []byte("precious"))
					if _, err := os.Lstat(victim + ".new"); !os.IsNotExist(err) {
						t.Errorf("a file was made where the link leads: %v", err)
					}
					if info, err := os.Lstat(found.Model); err != nil || !info.Mode().IsRegular() {
						t.Errorf("%v, %v", info.Mode(), err)
					}
				})
			}
		}
	}
}

// TestPlantedLock: a lock that is a link is not opened where it leads.
func TestPlantedLock(t *testing.T) {
	s, _ := pulled(t, noise(1000))
	if err := os.RemoveAll(filepath.Join(s.cache, "models")); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(t.TempDir(), "victim")
	place := filepath.Join(s.cache, "locks", "net")
	if err := errors.Join(os.Remove(place), os.Symlink(victim, place)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, place)
	if _, err := os.Lstat(victim); !os.IsNotExist(err) {
		t.Errorf("a file was made where the link leads: %v", err)
	}
}

// TestFoldersOfTheCache are for their owner to write, whatever the umask allows.
func TestFoldersOfTheCache(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	s, found := boxed(t)
	for _, path := range []string{
		s.cache, filepath.Dir(found.Model), found.Model, filepath.Join(s.cache, "locks"), s.downloads,
		filepath.Join(s.cache, "checked", "boxed"),
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o022 != 0 || mode&0o444 != 0o444 {
			t.Errorf("%s: %v", path, mode)
		}
	}
}

// TestSecretsOfAMirror: neither the password nor the query of an address is said or kept.
func TestSecretsOfAMirror(t *testing.T) {
	data := noise(1000)
	answers := map[string]func(int, http.ResponseWriter, *http.Request){
		"absent":     func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"forbidden":  func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"another":    func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, noise(1000)[1:], `"v1"`) },
		"wrong bits": func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, make([]byte, 1000), `"v1"`) },
		"sends on": func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://u:hunter2@127.0.0.1:1/x?sig=hunter2", http.StatusFound)
		},
		"nonsense": func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://u:hunter2@[::1/x?sig=hunter2")
			w.WriteHeader(http.StatusFound)
		},
		"breaks off": func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("ETag", `"v1"`)
			_, _ = w.Write(data[:500])
		},
	}
	for name, answer := range answers {
		srv := serve(t, answer)
		s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{
			Mirror: strings.Replace(srv.URL, "http://", "http://anna:hunter2@", 1) + "/m", Client: srv.client(t),
		})
		_, err := s.Pull(context.Background(), "net", nil)
		wantError(t, err, "pull net", srv.Listener.Addr().String())
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: %v", name, err)
		}
		for _, file := range strings.Fields(tree(t, s.cache)) {
			if kept, err := os.ReadFile(filepath.Join(s.cache, file)); err != nil || strings.Contains(string(kept), "hunter2") {
				t.Errorf("%s: %s: %q, %v", name, file, kept, err)
			}
		}
	}
	for _, mirror := range []string{"http://anna:hun/ter2@127.0.0.1:1/m", "ftp://anna:hunter2@host/m", "http://anna:hunter2@127.0.0.1:1/m", "http://anna:hunter2@host:port/m"} {
		s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{Mirror: mirror})
		_, err := s.Pull(context.Background(), "net", nil)
		if err == nil || strings.Contains(err.Error(), "ter2") || strings.Contains(err.Error(), "hun") {
			t.Errorf("%s: %v", mirror, err)
		}
	}
}
