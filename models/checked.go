package models

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/regfile"
)

// identity is what tells a file that was read from one that was changed since. Whoever writes on a file changes its
// times, and nobody can set the time of change (ctime) back.
type identity struct {
	Device   uint64 `json:"device"`
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size"`     // bytes
	Modified int64  `json:"modified"` // nanoseconds since 1970, as Changed
	Changed  int64  `json:"changed"`
}

// checked is a file whose sha256 was found to be right.
type checked struct {
	SHA256 string `json:"sha256"`
	identity
}

// settled is how long ago a file must have changed to be remembered: a file system with coarse times (2 s on FAT) gives
// a file that is written on right after it was read the same times.
const settled = 2500 * time.Millisecond

func identify(f *os.File) (identity, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return identity{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return identityOf(&st), nil
}

func identityOf(st *unix.Stat_t) identity {
	return identity{
		Device: uint64(st.Dev), Inode: st.Ino, Size: st.Size,
		Modified: st.Mtim.Nano(), Changed: st.Ctim.Nano(),
	}
}

// checkOnce is check for a file that may have been read before: as long as it is the same file, it is not read again,
// neither in this process nor in later ones.
func (s *Store) checkOnce(e *Entry, f *File) error {
	p, err := s.pin(e, f)
	if err == nil && p.known() && s.remembers(e, f, p.sum) {
		return nil
	}
	return s.check(e, f)
}

// remembers says whether the file is the one that was found to have that sha256.
func (s *Store) remembers(e *Entry, f *File, sum string) bool {
	var st unix.Stat_t
	if err := unix.Stat(s.place(e, f), &st); err != nil {
		return false
	}
	now := checked{sum, identityOf(&st)}
	place := s.checkedPlace(e, f)
	s.mu.Lock()
	before, ok := s.checked[place]
	s.mu.Unlock()
	if ok {
		return before == now
	}
	// A record that cannot be read costs reading the file, and is no error.
	data, err := regfile.ReadRegular(place, 4096)
	if err != nil || json.Unmarshal(data, &before) != nil || before != now {
		return false
	}
	s.mu.Lock()
	s.checked[place] = now
	s.mu.Unlock()
	return true
}

// remember keeps that a file is right. The record is written beside its place and moved there, so that processes that
// do so at once do not disturb each other; a cache that cannot be written has it in memory only.
func (s *Store) remember(e *Entry, f *File, sum string, id identity) {
	age := time.Since(time.Unix(0, id.Changed))
	if id == (identity{}) || age < s.settled {
		return
	}
	now := checked{sum, id}
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

// forget is for a file that is not right any more: a disk can lose bits without a change of the file's times.
func (s *Store) forget(e *Entry, f *File) {
	place := s.checkedPlace(e, f)
	s.mu.Lock()
	delete(s.checked, place)
	s.mu.Unlock()
	os.Remove(place)
}

// sumOf is the sha256 of a file. One that many models use is read once.
func (s *Store) sumOf(path string) (string, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	before, err := identify(f)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	sum, ok := s.sums[before]
	s.mu.Unlock()
	if ok {
		return sum, nil
	}
	if sum, err = hash(f); err != nil {
		return "", err
	}
	after, err := identify(f)
	if err == nil && after == before && time.Since(time.Unix(0, before.Changed)) >= s.settled {
		s.mu.Lock()
		s.sums[before] = sum
		s.mu.Unlock()
	}
	return sum, err
}

func (s *Store) checkedFolder(e *Entry) string { return filepath.Join(s.cache, "checked", e.Name) }

func (s *Store) checkedPlace(e *Entry, f *File) string {
	return filepath.Join(s.checkedFolder(e), f.Name()+".json")
}

// Check refuses a file that lies in the cache in the place of one that it should be, and is not: a *HashError. Files
// elsewhere are the user's own.
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
