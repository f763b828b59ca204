package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/filesum"
	"corallite/internal/regfile"
)

type identity = filesum.Identity

// checked is a file whose sha256 was verified.
type checked struct {
	SHA256  string `json:"sha256"`
	GitBlob string `json:"git_blob,omitempty"` // that it was verified by too
	identity
}

// checkOnce is check without reading an unchanged file again, neither in this process nor in later ones.
func (s *Store) checkOnce(e *Entry, f *File) error {
	p, err := s.pin(e, f)
	if err == nil && p.known() && s.remembers(e, f, p.sum) {
		return nil
	}
	return s.check(e, f)
}

// remembers reports whether the file is unchanged since it was found to have that sha256.
func (s *Store) remembers(e *Entry, f *File, sum string) bool {
	var st unix.Stat_t
	if err := unix.Stat(s.place(e, f), &st); err != nil {
		return false
	}
	now := checked{sum, f.GitBlob, filesum.IdentityOf(&st)}
	place := s.checkedPlace(e, f)
	s.mu.Lock()
	before, ok := s.checked[place]
	s.mu.Unlock()
	if ok {
		return before == now
	}
	// An unreadable record only means that the file is read again.
	data, err := regfile.ReadBare(place, 4096)
	if err != nil || json.Unmarshal(data, &before) != nil || before != now {
		return false
	}
	s.mu.Lock()
	s.checked[place] = now
	s.mu.Unlock()
	learn(now)
	return true
}

// learn saves others in this process who want the file's sha256 from reading it.
func learn(c checked) {
	var sum [sha256.Size]byte
	if n, err := hex.Decode(sum[:], []byte(c.SHA256)); err == nil && n == len(sum) {
		filesum.Learn(c.identity, sum)
	}
}

// remember records that a file is right, written to a temporary file and renamed because other processes may do the
// same at once. If the cache is read-only, the record stays in memory.
func (s *Store) remember(e *Entry, f *File, sum string, id identity) {
	age := time.Since(time.Unix(0, id.Changed))
	if id == (identity{}) || age < s.settled {
		return
	}
	now := checked{sum, f.GitBlob, id}
	place := s.checkedPlace(e, f)
	s.mu.Lock()
	s.checked[place] = now
	s.mu.Unlock()
	data, err := json.Marshal(now)
	if err != nil || makeFolder(filepath.Dir(place)) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(place), ".new-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(append(data, '\n'))
	if e := tmp.Chmod(0o644); err == nil { // as the files of the cache
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil || os.Rename(tmp.Name(), place) != nil {
		os.Remove(tmp.Name())
	}
}

// forget drops the record of a file that is no longer right: a disk can lose bits without changing the file's times.
func (s *Store) forget(e *Entry, f *File) {
	place := s.checkedPlace(e, f)
	s.mu.Lock()
	delete(s.checked, place)
	s.mu.Unlock()
	os.Remove(place)
}

func (s *Store) checkedFolder(e *Entry) string { return filepath.Join(s.cache, "checked", e.Name) }

func (s *Store) checkedPlace(e *Entry, f *File) string {
	return filepath.Join(s.checkedFolder(e), f.Name()+".json")
}

// Check returns a *HashError for a file in the cache that is not what the catalog says. Files elsewhere are the user's
// own and pass.
func (s *Store) Check(path string) error {
	if s.noCache != nil {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	name := filepath.Base(filepath.Dir(abs))
	e, ok := s.Lookup(name)
	if !ok || filepath.Dir(filepath.Dir(abs)) != filepath.Join(s.absCache(), "models") {
		return nil
	}
	for _, f := range e.Files.All() {
		if f.Name() != filepath.Base(abs) {
			continue
		}
		if err := s.usable(e, f); isWrong(err) {
			return err
		}
	}
	return nil
}

func (s *Store) absCache() string {
	abs, err := filepath.Abs(s.cache)
	if err != nil {
		return s.cache
	}
	return abs
}
