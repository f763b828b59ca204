package annotate

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"corallite/internal/output"
)

// maxStem is the maximum length of a name in bytes, so that a number, an extension and the temporary suffix still fit
// into the 255 that file systems allow.
const maxStem = 200

// names assigns each source a unique file name in one folder.
type names struct {
	dir       string
	overwrite bool                        // existing files are replaced, not kept
	notice    func(existing, used string) // called once when an existing file was kept; nil: not called
	owner     map[uint64]uint64           // hash of a name to the hash of the source that has it

	lastDir  string // of the source asked for last, and whether it is dir: mostly the same for many
	lastSame bool
}

func newNames(dir string, overwrite bool, notice func(existing, used string)) *names {
	return &names{dir: dir, overwrite: overwrite, notice: notice, owner: map[uint64]uint64{}}
}

// claim is the path of the copy of source with that extension: the source's own name if it is free or was claimed by
// the same source, otherwise a numbered one.
func (n *names) claim(source, ext string) (string, error) {
	return n.forSource(source, ext, hash(source), exists)
}

// claimFrames is like claim for a source whose frames get names such as walk-000123.jpg.
func (n *names) claimFrames(source, ext string) (string, error) {
	return n.forSource(source, ext, hash(source), framesExist)
}

// fresh is like claim, but returns a new path each time.
func (n *names) fresh(source, ext string) (string, error) { return n.forSource(source, ext, 0, exists) }

func (n *names) forSource(source, ext string, who uint64, there func(path string) (bool, error)) (string, error) {
	if n.holds(source) {
		return "", fmt.Errorf("the annotated copy would go into the folder of its original, %s; choose another output folder", n.dir)
	}
	stem := stemOf(source)
	if path := filepath.Join(n.dir, stem+ext); sameFile(path, source) {
		return "", fmt.Errorf("the annotated copy would replace its original, %s; choose another output folder", path)
	}
	return n.pick(stem, ext, who, there)
}

// pick is the first of walk.mp4, walk-2.mp4, … that has no owner other than who; 0 is no owner. Files of earlier runs
// (reported by there) count as owned, unless they are to be replaced.
func (n *names) pick(stem, ext string, who uint64, there func(path string) (bool, error)) (string, error) {
	left := "" // alone
	for i := 1; ; i++ {
		name := stem + ext
		if i > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, i, ext)
		}
		key, path := nameKey(name), filepath.Join(n.dir, name)
		o, taken := n.owner[key]
		if taken && who != 0 && o == who {
			return path, nil
		}
		if taken {
			continue
		}
		if !n.overwrite {
			old, err := there(path)
			if err != nil {
				return "", err
			}
			if old {
				n.owner[key] = earlier
				if left == "" {
					left = path
				}
				continue
			}
		}
		n.owner[key] = who
		if left != "" && n.notice != nil {
			n.notice(left, path)
			n.notice = nil
		}
		return path, nil
	}
}

// earlier is the owner of names of earlier runs.
const earlier = 1

// release frees a name to which nothing was written.
func (n *names) release(path string) { delete(n.owner, nameKey(filepath.Base(path))) }

// nameKey is equal for names that differ only in case, which some file systems do not distinguish.
func nameKey(name string) uint64 { return hash(strings.ToLower(name)) }

// exists reports whether path is a file worth keeping. It is an error, which names the process, if another one is
// writing it.
func exists(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		_, err := os.Lstat(path)
		return err == nil, nil
	}
	defer f.Close()
	var locked *output.LockedError
	if err := output.Lock(f, path); errors.As(err, &locked) && locked.PID != os.Getpid() {
		return true, err
	} else if err != nil {
		return true, nil
	}
	info, err := f.Stat()
	return err != nil || !info.Mode().IsRegular() || info.Size() > 0, nil
}

// framesExist reports whether there are files such as walk-000123.jpg for the path walk.jpg.
func framesExist(path string) (bool, error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return false, nil // the write will report it
	}
	defer dir.Close()
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), ext) + "-"
	for {
		names, err := dir.Readdirnames(1000) // in parts: there may be very many
		for _, name := range names {
			number, ours := strings.CutPrefix(strings.TrimSuffix(name, ext), stem)
			if ours && len(number) >= frameDigits && strings.Trim(number, "0123456789") == "" {
				return true, nil
			}
		}
		if err != nil {
			return false, nil
		}
	}
}

// frameDigits is the minimum number of digits of a frame number in a file name.
const frameDigits = 6

// holds reports whether the source is a file in the output folder.
func (n *names) holds(source string) bool {
	dir := filepath.Dir(source)
	if dir != n.lastDir {
		n.lastDir, n.lastSame = dir, sameFile(dir, n.dir)
	}
	if !n.lastSame {
		return false
	}
	_, err := os.Stat(source)
	return err == nil // "camera:0" has the folder "." and is no file
}

// sameFile reports whether both exist and are the same file or folder, following links.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// stemOf is a file name without extension for a source: a path's base name, an address's host and path, or a device's
// name, with characters unsuitable for file names replaced by "-".
func stemOf(source string) string {
	stem := filepath.Base(source)
	if u, err := url.Parse(source); err == nil && u.Scheme != "" && u.Host != "" {
		stem = u.Hostname() + u.Path // without user, password and query
	} else {
		stem = strings.TrimSuffix(stem, filepath.Ext(stem))
	}
	stem = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, stem)
	if len(stem) > maxStem {
		stem = stem[:maxStem]
		for !utf8.ValidString(stem) && len(stem) > maxStem-utf8.UTFMax {
			stem = stem[:len(stem)-1]
		}
	}
	if stem = strings.Trim(stem, " ."); stem == "" {
		return "unnamed"
	}
	return stem
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // never fails
	return h.Sum64()
}
