package models

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

func gitIDOf(data []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}

// gitCatalog is a catalog of one model, "net", of which an address and git's object id are known.
func gitCatalog(t *testing.T, address string, data []byte) *catalog {
	t.Helper()
	return mustParse(t, fmt.Sprintf(`
models:
  net:
    task: juggle
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {url: %q, git_blob: %s}
`, address, gitIDOf(data)))
}

// TestGitBlobID has ids that `git hash-object` printed.
func TestGitBlobID(t *testing.T) {
	for content, want := range map[string]string{
		"": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "hello\n": "ce013625030ba8dba906f756967f9e9ca394464a",
	} {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, []byte(content))
		if got, err := gitBlobID(path); err != nil || got != want {
			t.Errorf("%q: %s, %v", content, got, err)
		}
	}
}

// coralBlobs returns the object ids of Coral's repository by path.
func coralBlobs(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(testdata.Path(t, "../coral-blobs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for line := range strings.Lines(string(text)) {
		id, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		ids[path] = id
	}
	return ids
}

// TestCoralBlobs holds the catalog against the object ids of Coral's repository, and these against the files of the test
// data that the catalog has a sha256 of.
func TestCoralBlobs(t *testing.T) {
	ids := coralBlobs(t)
	byGit, seen := 0, 0
	for _, e := range builtin().entries {
		for _, f := range e.Files.All() {
			if f.Source != "coral" {
				continue
			}
			id := ids[f.Inside]
			if id == "" {
				t.Errorf("%s: %s is not in Coral's repository", e.Name, f.Inside)
			}
			if f.GitBlob != "" {
				byGit++
				if f.GitBlob != id {
					t.Errorf("%s: %s is %s, and in the catalog %s", e.Name, f.Inside, id, f.GitBlob)
				}
				continue
			}
			for _, dir := range []string{"models", "labels"} {
				file := filepath.Join(testdata.Root(), dir, path.Base(f.Inside))
				if !exists(file) {
					continue
				}
				seen++
				if got, err := gitBlobID(file); err != nil || got != id {
					t.Errorf("%s: %s, %v, want %s", file, got, err, id)
				}
			}
		}
	}
	if byGit < 20 || seen < 10 {
		t.Errorf("%d files are known by git, %d were compared", byGit, seen)
	}
}

// TestGitPull pulls without --accept-unverified, from a server and, over http too, from mirrors: the right file, one of
// the right size with a wrong byte, and a shorter and a longer one.
func TestGitPull(t *testing.T) {
	data := modelOf(50_000)
	wrong := append([]byte(nil), data...)
	wrong[30_000] ^= 1
	var now []byte
	answer := func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(now) }
	srv, roots := serveTLS(t, answer)
	plain := serve(t, answer)
	folder := t.TempDir()
	for _, mirror := range []string{"", plain.URL, folder} {
		s := newStore(t, gitCatalog(t, srv.URL+"/net.tflite", data), Options{RootCAs: roots, Mirror: mirror})
		t.Cleanup(s.client.CloseIdleConnections)
		if trust := s.Entries()[0].Trust(); trust != ByGit || !trust.Known() {
			t.Errorf("trust %s", trust)
		}
		for name, sent := range map[string][]byte{"wrong byte": wrong, "short": data[:49_999], "long": append(data[:50_000:50_000], 0)} {
			now = sent
			write(t, filepath.Join(folder, "net.tflite"), sent)
			_, err := s.Pull(context.Background(), "net", nil)
			wantError(t, err, "pull net", "net.tflite: git object id mismatch: got "+gitIDOf(sent), "want "+gitIDOf(data))
			var hash *HashError
			if !errors.As(err, &hash) || !hash.Git {
				t.Errorf("%s: %T", name, err)
			}
			if got := tree(t, s.cache); got != "" {
				t.Errorf("%s: left in the cache: %s", name, got)
			}
		}
		now = data
		write(t, filepath.Join(folder, "net.tflite"), data)
		found, err := s.Pull(context.Background(), "net", nil)
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, found.Model, data)
		if r, err := readRecord(found.Model); err != nil || r.SHA256 != sumOf(data) || r.Size != 50_000 || r.GitBlob != gitIDOf(data) {
			t.Errorf("record %+v, %v", r, err)
		}
		if v, err := s.Verify(context.Background()); err != nil || len(v) != 1 || v[0].State != Cached || !v[0].Verified {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// TestGitSecondPull has the server send another file once the first was recorded: the sha256 decides.
func TestGitSecondPull(t *testing.T) {
	data, other := modelOf(5000), modelOf(5001)[:5000]
	now := data
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(now) })
	s := newStore(t, gitCatalog(t, srv.URL+"/net.tflite", data), Options{RootCAs: roots})
	t.Cleanup(s.client.CloseIdleConnections)
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	now = other
	write(t, found.Model, other)
	_, err = s.Find("net")
	wantError(t, err, "sha256 mismatch: got "+sumOf(other), sumOf(data)+" (recorded at the download", "corallite models pull net")
	_, err = s.Pull(context.Background(), "net", nil)
	wantError(t, err, "sha256 mismatch: got "+sumOf(other), "want "+sumOf(data))
	now = data
	if _, err := s.Pull(context.Background(), "net", nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
}

// TestGitProvesOldRecords has files that were accepted unverified before the catalog had their object id: the right one
// stays usable without a pull, also across a restart; a wrong one, which was used until then, is refused and replaced.
func TestGitProvesOldRecords(t *testing.T) {
	data, other := modelOf(5000), modelOf(5001)[:5000]
	now := data
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(now) })
	address := srv.URL + "/net.tflite"
	for _, before := range [][]byte{data, other} {
		old := newStore(t, strangeCatalog(t, address), Options{RootCAs: roots, AcceptUnverified: true})
		old.settled = 0
		t.Cleanup(old.client.CloseIdleConnections)
		now = before
		if _, err := old.Pull(context.Background(), "net", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := old.Find("net"); err != nil { // is remembered
			t.Fatal(err)
		}
		s := newStore(t, gitCatalog(t, address, data), Options{RootCAs: roots, Cache: old.cache})
		t.Cleanup(s.client.CloseIdleConnections)
		s.settled = 0
		_, err := s.Find("net")
		if sumOf(before) == sumOf(data) {
			if err != nil {
				t.Errorf("the right file: %v", err)
			}
			if e := &s.catalog.entries[0]; !s.remembers(e, e.Files.Model, sumOf(data)) {
				t.Error("it is read at every use")
			}
			continue
		}
		wantError(t, err, "git object id mismatch: got "+gitIDOf(other), "want "+gitIDOf(data), "`corallite models pull net` downloads it again")
		_, err = s.Pull(context.Background(), "net", nil)
		wantError(t, err, "git object id mismatch")
		now = data
		found, err := s.Pull(context.Background(), "net", nil)
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, found.Model, data)
		if r, err := readRecord(found.Model); err != nil || r.GitBlob != gitIDOf(data) || r.SHA256 != sumOf(data) {
			t.Errorf("record %+v, %v", r, err)
		}
	}
}

// TestGitCompiled has a compiled model that git's object id verifies: a cache of an earlier version, which lacks it,
// stays usable, and the next pull fetches it.
func TestGitCompiled(t *testing.T) {
	model, compiled := modelOf(1000), modelOf(1100)
	srv, roots := serveTLS(t, func(_ int, w http.ResponseWriter, r *http.Request) { _, _ = w.Write(compiled) })
	s := newStore(t, mustParse(t, fmt.Sprintf(`
sources: {here: %q}
models:
  net:
    task: classify
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {source: here, file: net.tflite, sha256: %s, size: %d}
      edgetpu: {source: here, file: net_edgetpu.tflite, git_blob: %s}
    labels: [a]
`, srv.URL+"/c/", sumOf(model), len(model), gitIDOf(compiled))), Options{RootCAs: roots})
	t.Cleanup(s.client.CloseIdleConnections)
	write(t, filepath.Join(s.cache, "models", "net", "net.tflite"), model)
	if found, err := s.Find("net"); err != nil || found.EdgeTPU != "" {
		t.Fatalf("%+v, %v", found, err)
	}
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.EdgeTPU, compiled)
	if err := os.Remove(found.EdgeTPU); err != nil {
		t.Fatal(err)
	}
	_, err = s.Find("net")
	wantError(t, err, found.EdgeTPU, "`corallite models pull net`")
}
