package annotate

import (
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxStem bounds a name in bytes, so that a number, an extension and the temporary ending still fit into the 255
// that file systems allow.
const maxStem = 200

// names gives each source a name of its own in one folder.
type names struct {
	dir   string
	owner map[uint64]uint64 // hash of a name to the hash of the source that has it

	lastDir  string // of the source asked for last, and whether it is dir: mostly the same for many
	lastSame bool
}

func newNames(dir string) *names { return &names{dir: dir, owner: map[uint64]uint64{}} }

// claim is the path of the copy of source with that extension: the source's own name where it is free or was claimed
// by the same source, and a numbered one otherwise.
func (n *names) claim(source, ext string) (string, error) {
	return n.forSource(source, ext, hash(source))
}

// fresh is like claim, and gives another path each time.
func (n *names) fresh(source, ext string) (string, error) { return n.forSource(source, ext, 0) }

func (n *names) forSource(source, ext string, who uint64) (string, error) {
	if n.holds(source) {
		return "", fmt.Errorf("the annotated copy would go into the folder of its original, %s; choose another output folder", n.dir)
	}
	path := n.pick(stemOf(source), ext, who)
	if sameFile(path, source) {
		return "", fmt.Errorf("the annotated copy would replace its original, %s; choose another output folder", path)
	}
	return path, nil
}

// pick is the first of walk.mp4, walk-2.mp4, … that nobody but who has; nobody is the who of 0.
func (n *names) pick(stem, ext string, who uint64) string {
	for i := 1; ; i++ {
		name := stem + ext
		if i > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, i, ext)
		}
		// Some file systems do not tell upper from lower case.
		key := hash(strings.ToLower(name))
		if o, taken := n.owner[key]; taken && (who == 0 || o != who) {
			continue
		}
		n.owner[key] = who
		return filepath.Join(n.dir, name)
	}
}

// holds says whether the source is a file in the output folder.
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

// sameFile says whether both are there and the same file or folder, also through links.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// stemOf is a file name without extension for what came from source: a path's base name, an address's host and path,
// a device's name, with the characters that file names should not have replaced by "-".
func stemOf(source string) string {
	stem := filepath.Base(source)
	if u, err := url.Parse(source); err == nil && u.Scheme != "" && u.Host != "" {
		stem = u.Hostname() + u.Path // not the user, the password and the query
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
