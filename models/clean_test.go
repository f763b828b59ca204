package models

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGarbage fills a cache with what is of use and what is not, and collects the latter.
func TestGarbage(t *testing.T) {
	data := noise(1000)
	s := newStore(t, urlCatalog(t, "https://models.invalid/net.tflite", data), Options{})
	if found, err := s.Collect(context.Background()); err != nil || len(found) != 0 {
		t.Errorf("without a cache: %v, %v", found, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "precious")
	write(t, elsewhere, data)
	for name, n := range map[string]int{
		"models/net/net.tflite": 1000, "models/net/old.tflite": 300, "models/net/net.tflite.record.json": 7,
		"models/net/net.tflite.part": 20, "models/gone/gone.tflite": 50, "models/gone/labels.txt": 5, "models/stray.tflite": 3,
		"models/mine/mine.tflite": 40, "locks/net": 0, "locks/gone": 0,
		"checked/net/net.tflite.json": 9, "checked/net/old.tflite.json": 9, "checked/gone/gone.tflite.json": 9,
		"downloads/abc": 11, "sums/x": 12, "downloads/.locks/abc": 0,
	} {
		write(t, filepath.Join(s.cache, name), data[:n])
	}
	if err := os.Symlink(elsewhere, filepath.Join(s.cache, "models", "net", "link.tflite")); err != nil {
		t.Fatal(err)
	}
	const want = "checked/gone 9|checked/net/old.tflite.json 9|models/gone 55|models/net/link.tflite|models/net/net.tflite.part 20|" +
		"models/net/net.tflite.record.json 7|models/net/old.tflite 300"
	shown := func(found []Garbage) string {
		var out []string
		for _, g := range found {
			rel, err := filepath.Rel(s.cache, g.Path)
			if err != nil || g.Why == "" {
				t.Errorf("%+v, %v", g, err)
			}
			if !strings.HasSuffix(rel, "link.tflite") { // the size of a link is the system's business
				rel += " " + strings.TrimSuffix(Bytes(g.Size), " bytes")
			}
			out = append(out, rel)
		}
		return strings.Join(out, "|")
	}
	before := tree(t, s.cache)
	found, err := s.Garbage()
	if err != nil || shown(found) != want || tree(t, s.cache) != before {
		t.Errorf("%s, %v\nwant %s\nleft %s", shown(found), err, want, tree(t, s.cache))
	}
	found, err = s.Collect(context.Background())
	if err != nil || shown(found) != want {
		t.Errorf("%s, %v\nwant %s", shown(found), err, want)
	}
	if got := tree(t, s.cache); got != "downloads/abc models/mine/mine.tflite models/net/net.tflite models/stray.tflite sums/x" || !exists(filepath.Join(s.cache, "checked/net/net.tflite.json")) {
		t.Errorf("left %s", got)
	}
	wantFile(t, elsewhere, data)
	if found, err := s.Collect(context.Background()); err != nil || len(found) != 0 {
		t.Errorf("again: %v, %v", found, err)
	}

	// What a pull can resume stays, and so does a folder whose lock is held until the context ends.
	write(t, filepath.Join(s.cache, "models/net/net.tflite"), data[:10])
	write(t, filepath.Join(s.cache, "models/net/net.tflite.part"), data[:20])
	write(t, filepath.Join(s.cache, "models/net/old"), data[:20])
	unlock, err := lock(context.Background(), filepath.Join(s.cache, "locks"), "net", func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if found, err := s.Collect(ctx); err == nil || len(found) != 0 || !exists(filepath.Join(s.cache, "models/net/old")) {
		t.Errorf("with the lock held: %v, %v", found, err)
	}
	if found, err := s.Garbage(); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

// TestOutdated has a cache of another catalog, whose files have other contents, and one whose compiled model is missing.
func TestOutdated(t *testing.T) {
	data, other := modelOf(1000), modelOf(1001)
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
	address := srv.URL + "/net.tflite"
	s := newStore(t, gitCatalog(t, address, data), Options{RootCAs: roots})
	t.Cleanup(s.client.CloseIdleConnections)
	outdated := func(s *Store, want ...string) {
		t.Helper()
		found, err := s.Outdated(context.Background())
		if err != nil || len(found) != len(want)/2 {
			t.Fatalf("%+v, %v", found, err)
		}
		for i, v := range found {
			if string(v.State) != want[2*i] || v.Model != "net" {
				t.Errorf("%+v", v)
			}
			wantError(t, v.Err, want[2*i+1])
		}
	}
	outdated(s) // nothing is in the cache
	if _, err := s.Pull(context.Background(), "net", nil); err != nil {
		t.Fatal(err)
	}
	outdated(s)
	open := func(c *catalog) *Store { return newStore(t, c, Options{RootCAs: roots, Cache: s.cache}) }
	outdated(open(gitCatalog(t, address, other)), "damaged", "git object id mismatch: got "+gitIDOf(data)+", want "+gitIDOf(other))
	outdated(open(urlCatalog(t, address, other)), "damaged", "sha256 mismatch: got "+sumOf(data)+", want "+sumOf(other))
	outdated(open(urlCatalog(t, address, data)))
	more := gitCatalog(t, address, data)
	more.entries[0].Files.EdgeTPU = &File{URL: srv.URL + "/net_edgetpu.tflite", GitBlob: gitIDOf(data)}
	outdated(open(more), "absent", "net_edgetpu.tflite")
	write(t, filepath.Join(s.dir(&s.catalog.entries[0]), "net.tflite"), other)
	outdated(s, "damaged", "recorded at the download")
}

// TestInfo shows a model before and after its pull.
func TestInfo(t *testing.T) {
	data := modelOf(1000)
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
	s := newStore(t, gitCatalog(t, srv.URL+"/net.tflite", data), Options{RootCAs: roots})
	t.Cleanup(s.client.CloseIdleConnections)
	status, files, err := s.Info("net")
	if err != nil || status.State != Absent || len(files) != 1 || files[0].Key != "model" || files[0].State != Absent ||
		files[0].SHA256 != "" || files[0].From != srv.URL+"/net.tflite" || files[0].Record != nil {
		t.Fatalf("%+v, %+v, %v", status, files, err)
	}
	if _, err := s.Pull(context.Background(), "net", nil); err != nil {
		t.Fatal(err)
	}
	status, files, err = s.Info("net")
	if err != nil || status.State != Cached || files[0].State != Cached || files[0].Size != 1000 || files[0].SHA256 != sumOf(data) ||
		files[0].Record.GitBlob != gitIDOf(data) {
		t.Fatalf("%+v, %+v, %v", status, files, err)
	}
	write(t, files[0].Path, data[:10])
	if _, files, err = s.Info("net"); err != nil || files[0].State != Incomplete {
		t.Errorf("%+v, %v", files, err)
	}
	_, _, err = s.Info("nett")
	wantError(t, err, `unknown model "nett"; did you mean "net"?`)
}

func TestSearch(t *testing.T) {
	s, err := Open(Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"FACE back":                "face_detection_back",
		"motorbike depth":          "deeplabv3_mnv2_dm05_pascal_quant", // a label, and its description
		"commercial rhasspy":       "openwakeword_hey_rhasspy",
		"keyword apache-2.0 digit": "digits",
		"unicorn":                  "",
		"face unicorn":             "",
	} {
		var names []string
		for _, m := range s.Search(strings.Fields(words)...) {
			names = append(names, m.Entry.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q finds %q, want %q", words, got, want)
		}
	}
	if n := len(s.Search()); n != len(s.Entries()) {
		t.Errorf("no words find %d models", n)
	}
}
