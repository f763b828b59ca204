package models

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// pulled is a Store that has the model "net" in its cache, from a mirror.
func pulled(t *testing.T, data []byte) (*Store, Found) {
	t.Helper()
	mirror := t.TempDir()
	write(t, filepath.Join(mirror, "net.tflite"), data)
	s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{Mirror: mirror})
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, found
}

func TestFind(t *testing.T) {
	data := noise(1234)
	s, found := pulled(t, data)
	t.Chdir(t.TempDir())
	if got, err := s.Find("net"); err != nil || got != found {
		t.Errorf("by name: %+v, %v", got, err)
	}
	if got, err := s.Find("net.tflite"); err != nil || got != found {
		t.Errorf("by file name: %+v, %v", got, err)
	}
	write(t, "my.tflite", data)
	write(t, "other.tflite", data[:7])
	got, err := s.Find("my.tflite")
	if err != nil || got.Entry == nil || got.Entry.Name != "net" || got.Model != "my.tflite" {
		t.Errorf("a known file: %+v, %v", got, err)
	}
	got, err = s.Find("other.tflite")
	if err != nil || got.Entry != nil || got.Model != "other.tflite" {
		t.Errorf("an unknown file: %+v, %v", got, err)
	}
	write(t, "net", noise(5))
	if got, err := s.Find("./net"); err != nil || got.Model != "./net" {
		t.Errorf("a file by path: %+v, %v", got, err)
	}

	var unknown *UnknownError
	_, err = s.Find("nett")
	if wantError(t, err, `unknown model "nett"`, `did you mean "net"?`); !errors.As(err, &unknown) {
		t.Errorf("%T", err)
	}
	_, err = s.Find("models/nat.tflite")
	wantError(t, err, "models/nat.tflite: no such file", `"net"`)
	_, err = s.Find("something-else")
	wantError(t, err, "models list")
	_, err = s.Find(".")
	wantError(t, err, "not a file")
	_, err = s.Path("nett")
	wantError(t, err, `did you mean "net"?`)
	if path, err := s.Path("net"); err != nil || path != found.Model {
		t.Errorf("Path: %s, %v", path, err)
	}
}

func TestNotPulled(t *testing.T) {
	s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", noise(1_500_000)), Options{})
	_, err := s.Find("net")
	var missing *NotPulledError
	if !errors.As(err, &missing) || missing.Name != "net" {
		t.Fatalf("%T %v", err, err)
	}
	wantError(t, err, "corallite models pull net", "1.5 MB", filepath.Join(s.cache, "models", "net", "net.tflite"))
	if _, err := s.Path("net"); !errors.As(err, &missing) {
		t.Errorf("Path: %v", err)
	}
	if _, err := os.Stat(s.cache); !os.IsNotExist(err) {
		t.Errorf("looking made the cache folder: %v", err)
	}
}

// TestReadOnlyCache takes away everything that a write would need: files that are there must be enough.
func TestReadOnlyCache(t *testing.T) {
	s, found := pulled(t, noise(1234))
	if err := os.RemoveAll(filepath.Join(s.cache, "locks")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.cache, "locks"), []byte("neither a folder"))
	for _, dir := range []string{s.cache, filepath.Dir(found.Model)} {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	}
	s.mirror = "/nowhere"
	if got, err := s.Pull(context.Background(), "net", nil); err != nil || got != found {
		t.Errorf("pull: %v", err)
	}
	if _, err := s.Verify(context.Background()); err != nil {
		t.Errorf("verify: %v", err)
	}
}

func TestUnwritableCache(t *testing.T) {
	data := noise(100)
	// Not even root makes folders in /sys.
	s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{Cache: "/sys/corallite"})
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, "/sys/corallite", "is not writable", "CORALLITE_CACHE")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, data)
	s = newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{Cache: file})
	_, err = s.Pull(context.Background(), "net", nil)
	wantError(t, err, file, "not a directory")
}

func TestNoHome(t *testing.T) {
	data := noise(100)
	c := urlCatalog(t, "https://models.invalid/net.tflite", data)
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "CORALLITE_CACHE", "CORALLITE_DOWNLOADS", "CORALLITE_MODEL_MIRROR"} {
		t.Setenv(name, "")
	}
	s := open(Options{}, c)
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, "CORALLITE_CACHE")
	_, err = s.Find("net")
	wantError(t, err, "CORALLITE_CACHE")
	_, err = s.Verify(context.Background())
	wantError(t, err, "CORALLITE_CACHE")
	wantError(t, s.Remove(context.Background(), "net"), "CORALLITE_CACHE")
	if l := s.List(); len(l) != 1 || l[0].State != Absent || l[0].Path != "" {
		t.Errorf("list: %+v", l)
	}
	file := filepath.Join(t.TempDir(), "x.tflite")
	write(t, file, data)
	if got, err := s.Find(file); err != nil || got.Entry == nil {
		t.Errorf("a file needs no cache: %+v, %v", got, err)
	}
}

func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CORALLITE_CACHE", filepath.Join(dir, "c"))
	t.Setenv("CORALLITE_DOWNLOADS", "")
	t.Setenv("CORALLITE_MODEL_MIRROR", "/m")
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.cache != filepath.Join(dir, "c") || s.downloads != filepath.Join(dir, "c", "downloads") || s.mirror != "/m" {
		t.Errorf("%s %s %s", s.cache, s.downloads, s.mirror)
	}
	t.Setenv("CORALLITE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("CORALLITE_DOWNLOADS", "/d")
	s, err = Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.cache != filepath.Join(dir, "corallite") || s.downloads != "/d" {
		t.Errorf("%s %s", s.cache, s.downloads)
	}
}

func TestVerifyAndRemove(t *testing.T) {
	data := noise(1234)
	s, found := pulled(t, data)
	verdicts, err := s.Verify(context.Background())
	if err != nil || len(verdicts) != 1 || verdicts[0].State != Cached || verdicts[0].Path != found.Model {
		t.Fatalf("%+v, %v", verdicts, err)
	}
	bad := append([]byte(nil), data...)
	bad[500] ^= 1
	write(t, found.Model, bad)
	verdicts, err = s.Verify(context.Background(), "net")
	if err != nil || verdicts[0].State != Damaged {
		t.Fatalf("%+v, %v", verdicts, err)
	}
	wantError(t, verdicts[0].Err, found.Model, sumOf(bad), sumOf(data))
	if st := s.List()[0].State; st != Cached {
		t.Errorf("by size it is %s", st)
	}
	if _, err := s.Pull(context.Background(), "net", nil); err != nil {
		t.Fatalf("pull does not mend it: %v", err)
	}
	wantFile(t, found.Model, data)

	write(t, found.Model, data[:10])
	if st := s.List()[0].State; st != Incomplete {
		t.Errorf("half a file is %s", st)
	}
	if err := s.Remove(context.Background(), "net"); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, s.cache); got != "" {
		t.Errorf("left: %s", got)
	}
	wantError(t, s.Remove(context.Background(), "net"), "net is not in the cache")
	wantError(t, s.Remove(context.Background(), "../models"), "no such file")
	if verdicts, err := s.Verify(context.Background()); err != nil || len(verdicts) != 0 {
		t.Errorf("an empty cache: %+v, %v", verdicts, err)
	}
	verdicts, err = s.Verify(context.Background(), "net")
	if err != nil || len(verdicts) != 1 || verdicts[0].State != Absent {
		t.Errorf("%+v, %v", verdicts, err)
	}
	_, err = s.Verify(context.Background(), "nett")
	wantError(t, err, `"net"`)
}

// pullAtOnce pulls "net" by two Stores, of which the first has its lock: its server closes began and waits for finish,
// which is closed when the second waits.
func pullAtOnce(t *testing.T, one, two *Store, began <-chan struct{}, finish chan<- struct{}) {
	t.Helper()
	errs := make(chan error, 2)
	go func() {
		_, err := one.Pull(context.Background(), "net", nil)
		errs <- err
	}()
	<-began
	go func() {
		_, err := two.Pull(context.Background(), "net", func(p Progress) {
			if p.Note != "" {
				close(finish)
			}
		})
		errs <- err
	}()
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestTwoAtOnce pulls one model by two Stores, as two processes would: one fetches, the other waits and finds it.
func TestTwoAtOnce(t *testing.T) {
	data := noise(100_000)
	began, finish := make(chan struct{}), make(chan struct{})
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			close(began)
			<-finish
		}
		whole(w, r, data, `"v1"`)
	})
	one := netStore(t, srv, data)
	two := newStore(t, one.catalog, Options{Cache: one.cache, Client: one.client})
	pullAtOnce(t, one, two, began, finish)
	if len(srv.requests) != 1 {
		t.Errorf("%d requests", len(srv.requests))
	}

	unlock, err := lock(context.Background(), filepath.Join(one.cache, "locks"), "net", func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	if err := os.Remove(filepath.Join(one.cache, "models", "net", "net.tflite")); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Pull(ctx, "net", func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 229_032: "229 kB", 999_600: "1.0 MB", 1_083_984: "1.1 MB", 2_500_000_000: "2.5 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
