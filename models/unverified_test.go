package models

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// modelOf is n bytes that begin as a TensorFlow Lite model does.
func modelOf(n int) []byte { return append([]byte("\x1c\x00\x00\x00TFL3"), noise(n)[8:]...) }

// serveTLS is serve over https, and the pool with the authority of its certificate.
func serveTLS(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) (*server, *x509.CertPool) {
	t.Helper()
	s := newServer(answer)
	s.Server = httptest.NewUnstartedServer(s.handler)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

// strangeCatalog is a catalog of one model, "net", of which the address is all that is known.
func strangeCatalog(t *testing.T, address string) *catalog {
	t.Helper()
	return mustParse(t, fmt.Sprintf(`
models:
  net:
    task: juggle
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {url: %q}
`, address))
}

// strangeStore is a Store that accepts the one model "net", at the server's /net.tflite.
func strangeStore(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) (*Store, *server) {
	t.Helper()
	srv, roots := serveTLS(t, answer)
	s := newStore(t, strangeCatalog(t, srv.URL+"/net.tflite"), Options{RootCAs: roots, AcceptUnverified: true})
	t.Cleanup(s.client.CloseIdleConnections)
	return s, srv
}

// TestUnverifiedIsRefused asks for nothing and writes nothing without the user's word.
func TestUnverifiedIsRefused(t *testing.T) {
	s, srv := strangeStore(t, func(int, http.ResponseWriter, *http.Request) {})
	s.accept = false
	_, err := s.Pull(context.Background(), "net", nil)
	var refused *UnverifiedError
	if !errors.As(err, &refused) || refused.Name != "net" {
		t.Fatalf("%T %v", err, err)
	}
	wantError(t, err, "pull net", srv.URL+"/net.tflite", "corallite models pull --accept-unverified net")
	if len(srv.requests) != 0 || tree(t, s.cache) != "" {
		t.Errorf("%d requests, in the cache %q", len(srv.requests), tree(t, s.cache))
	}
	_, err = s.Find("net")
	var missing *NotPulledError
	if wantError(t, err, "corallite models pull --accept-unverified net"); !errors.As(err, &missing) {
		t.Errorf("%T", err)
	}
	if strings.Contains(err.Error(), "bytes") {
		t.Errorf("a size that nobody knows: %v", err)
	}
	if st := s.List()[0]; st.State != Absent || st.Size != 0 || st.Entry.Trust() != Unverified || st.Entry.Task != "juggle" {
		t.Errorf("%+v", st)
	}
	// What somebody put there is not taken for what was pulled.
	write(t, filepath.Join(s.cache, "models", "net", "net.tflite"), modelOf(100))
	if _, err := s.Find("net"); !errors.As(err, &missing) {
		t.Errorf("a stranger's file: %v", err)
	}
	if st := s.List()[0]; st.State != Incomplete {
		t.Errorf("a stranger's file: %+v", st)
	}
}

func TestUnverifiedPull(t *testing.T) {
	data := modelOf(100_000)
	s, srv := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data, `"v1"`) })
	var last Progress
	found, err := s.Pull(context.Background(), "net", func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
	if got := tree(t, s.cache); got != "models/net/net.tflite models/net/net.tflite.record.json" {
		t.Errorf("in the cache: %s", got)
	}
	if last.Done != 100_000 || last.Total != 100_000 {
		t.Errorf("last progress %+v", last)
	}
	r, err := readRecord(found.Model)
	if err != nil || r == nil || r.SHA256 != sumOf(data) || r.Size != 100_000 || r.Address != srv.URL+"/net.tflite" ||
		time.Since(r.Date) < 0 || time.Since(r.Date) > time.Hour {
		t.Fatalf("record %+v, %v", r, err)
	}

	s.accept = false // what was recorded is known
	if got, err := s.Pull(context.Background(), "net", nil); err != nil || got != found || len(srv.requests) != 1 {
		t.Errorf("again: %v, %d requests", err, len(srv.requests))
	}
	if got, err := s.Find("net"); err != nil || got != found {
		t.Errorf("find: %+v, %v", got, err)
	}
	if st := s.List()[0]; st.State != Cached || st.Size != 100_000 {
		t.Errorf("%+v", st)
	}
	verdicts, err := s.Verify(context.Background())
	if err != nil || len(verdicts) != 1 || verdicts[0].State != Cached || verdicts[0].Verified {
		t.Errorf("%+v, %v", verdicts, err)
	}
	copied := filepath.Join(t.TempDir(), "copy.tflite")
	write(t, copied, data)
	if e, ok, err := s.FindBySHA256(copied); err != nil || !ok || e.Name != "net" {
		t.Errorf("by sha256: %v, %v", ok, err)
	}
}

// TestRecordHolds changes the file in the cache, and then the server's.
func TestRecordHolds(t *testing.T) {
	data, other := modelOf(5000), modelOf(5001)[:5000]
	now := data
	s, srv := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) { _, _ = w.Write(now) })
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.accept = false
	write(t, found.Model, other)
	_, err = s.Find("net")
	var wrong *HashError
	if !errors.As(err, &wrong) {
		t.Fatalf("%T %v", err, err)
	}
	wantError(t, err, found.Model, sumOf(data), sumOf(other), srv.URL, "corallite models pull net", "corallite models remove net")
	verdicts, err := s.Verify(context.Background(), "net")
	if err != nil || verdicts[0].State != Damaged {
		t.Errorf("%+v, %v", verdicts, err)
	}
	if got, err := s.Pull(context.Background(), "net", nil); err != nil || got != found {
		t.Fatalf("mending: %v", err)
	}
	wantFile(t, found.Model, data)

	now = other
	if err := os.Remove(found.Model); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []bool{false, true} { // the flag is about what is not known
		s.accept = accept
		_, err = s.Pull(context.Background(), "net", nil)
		wantError(t, err, "sha256 mismatch: got "+sumOf(other), sumOf(data)+" (recorded at the download", "want ")
	}
	if err := s.Remove(context.Background(), "net"); err != nil {
		t.Fatal(err)
	}
	if _, err = s.Pull(context.Background(), "net", nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, other)

	write(t, recordPlace(found.Model), []byte("{"))
	for name, do := range map[string]func() error{
		"find": func() error { _, err := s.Find("net"); return err },
		"pull": func() error { _, err := s.Pull(context.Background(), "net", nil); return err },
	} {
		t.Run("no record, "+name, func(t *testing.T) {
			wantError(t, do(), recordPlace(found.Model), "is not a valid download record", "corallite models remove net")
		})
	}
	if e, ok, err := s.FindBySHA256(found.Model); ok || err != nil {
		t.Errorf("%v, %v", e, err)
	}
}

// TestUnverifiedMirror takes a file that nothing is known about from a folder or over https, never over http.
func TestUnverifiedMirror(t *testing.T) {
	data := modelOf(1000)
	s, srv := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/m/net.tflite" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	})
	folder := t.TempDir()
	write(t, filepath.Join(folder, "net.tflite"), data)
	plain := serve(t, func(int, http.ResponseWriter, *http.Request) { t.Error("a server without https was asked") })
	for mirror, from := range map[string]string{
		folder: filepath.Join(folder, "net.tflite"), srv.URL + "/m/": srv.URL + "/m/net.tflite", plain.URL: "",
	} {
		s.mirror = mirror
		found, err := s.Pull(context.Background(), "net", nil)
		if from == "" {
			wantError(t, err, plain.URL, "net.tflite", "downloaded over https only")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, found.Model, data)
		if r, err := readRecord(found.Model); err != nil || r.Address != from {
			t.Errorf("%+v, %v", r, err)
		}
		if got := tree(t, s.cache); got != "models/net/net.tflite models/net/net.tflite.record.json" {
			t.Errorf("in the cache: %s", got)
		}
		if err := s.Remove(context.Background(), "net"); err != nil {
			t.Fatal(err)
		}
	}
	s.mirror = folder
	write(t, filepath.Join(folder, "net.tflite"), []byte("version https://git-lfs.github.com/spec/v1\n"))
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, "not a TensorFlow Lite model")
	if got := tree(t, s.cache); got != "" {
		t.Errorf("left in the cache: %s", got)
	}
}

// TestUnverifiedCompiled has a known model whose compiled version is unknown.
func TestUnverifiedCompiled(t *testing.T) {
	model, compiled, labels := modelOf(1000), modelOf(1100), []byte("one\ntwo\n")
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(map[string][]byte{"/c/net.tflite": model, "/c/net_edgetpu.tflite": compiled, "/c/net.txt": labels}[r.URL.Path])
	})
	s := newStore(t, mustParse(t, fmt.Sprintf(`
sources: {here: %q}
models:
  net:
    task: classify
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {source: here, file: net.tflite, sha256: %s, size: %d}
      edgetpu: {source: here, file: net_edgetpu.tflite}
      labels: {source: here, file: net.txt, sha256: %s, size: %d}
`, srv.URL+"/c/", sumOf(model), len(model), sumOf(labels), len(labels))), Options{RootCAs: roots})
	t.Cleanup(s.client.CloseIdleConnections)
	if st := s.List()[0]; st.Entry.Trust() != Partly || st.Size != int64(len(model)+len(labels)) {
		t.Errorf("%+v", st)
	}
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil || found.EdgeTPU != "" {
		t.Fatalf("%+v, %v", found, err)
	}
	wantFile(t, found.Labels, labels)
	if st := s.List()[0]; st.State != Cached {
		t.Errorf("%+v", st)
	}
	s.accept = true
	found, err = s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.EdgeTPU, compiled)
	s.accept = false
	if st := s.List()[0]; st.State != Cached || st.Size != int64(len(model)+len(labels)+len(compiled)) {
		t.Errorf("%+v", st)
	}
	if again, err := s.Find("net"); err != nil || again != found {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.Remove(found.EdgeTPU); err != nil {
		t.Fatal(err)
	}
	_, err = s.Find("net")
	wantError(t, err, found.EdgeTPU, "`corallite models pull net`")
}

// TestTwoAtOnceUnverified pulls by two Stores: the second waits, and trusts the first one's record.
func TestTwoAtOnceUnverified(t *testing.T) {
	data := modelOf(100_000)
	began, finish := make(chan struct{}), make(chan struct{})
	one, srv := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		close(began) // panics, and so fails, for a second request
		<-finish
		_, _ = w.Write(data)
	})
	two := newStore(t, one.catalog, Options{Cache: one.cache, Client: one.client, AcceptUnverified: true})
	pullAtOnce(t, one, two, began, finish)
	if len(srv.requests) != 1 {
		t.Errorf("%d requests", len(srv.requests))
	}
}
