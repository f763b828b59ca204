// Package filesum computes the sha256 of files, of each only once while it does not change: what a model is called, and
// whether it was tried, are both told by it, and a model of some megabytes takes as long to sum up as to open.
package filesum

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/regfile"
)

// Identity tells whether a file was changed since it was read. Writing to a file changes its times, and the change time
// (ctime) cannot be set back.
type Identity struct {
	Device   uint64 `json:"device"`
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size"`     // bytes
	Modified int64  `json:"modified"` // nanoseconds since 1970, as Changed
	Changed  int64  `json:"changed"`
}

// Settled is the age a file's last change must have before what was read of it is remembered: a file system with coarse
// times (2 s on FAT) would not show a write right after the file was read.
const Settled = 2500 * time.Millisecond

// Identify is the identity of an open file.
func Identify(f *os.File) (Identity, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return Identity{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return IdentityOf(&st), nil
}

// IdentityOf is the identity of a file, of what stat says.
func IdentityOf(st *unix.Stat_t) Identity {
	return Identity{
		Device: uint64(st.Dev), Inode: st.Ino, Size: st.Size,
		Modified: st.Mtim.Nano(), Changed: st.Ctim.Nano(),
	}
}

// IsSettled reports whether the last change is so long ago that another one would show.
func (i Identity) IsSettled() bool { return time.Since(time.Unix(0, i.Changed)) >= Settled }

var (
	mu   sync.Mutex
	sums = map[Identity][sha256.Size]byte{}
)

// Cache remembers sums beyond the process, in a folder, which is made when needed: a small file for each model's file. A
// folder that cannot be read or written costs reading the model's file again and is no error. "" remembers nothing.
type Cache string

// kept is what a file of the Cache says.
type kept struct {
	SHA256 string `json:"sha256"`
	Identity
}

// Of is the sha256 of a file. One that was summed up before, and has not changed since, is not read again.
func (c Cache) Of(path string) (sum [sha256.Size]byte, err error) {
	f, err := regfile.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	before, err := Identify(f)
	if err != nil {
		return sum, err
	}
	mu.Lock()
	sum, ok := sums[before]
	mu.Unlock()
	if !ok {
		sum, ok = c.read(before)
	}
	if ok {
		Learn(before, sum)
		return sum, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return [sha256.Size]byte{}, err
	}
	h.Sum(sum[:0])
	if after, err := Identify(f); err == nil && after == before && after.IsSettled() {
		Learn(after, sum)
		c.write(after, sum)
	}
	return sum, nil
}

// Learn remembers, in this process, the sha256 of a file that was read between two moments at which it had this identity. One
// that changed a moment ago is not remembered.
func Learn(i Identity, sum [sha256.Size]byte) {
	if !i.IsSettled() {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	sums[i] = sum
}

// place is where a file's sum is kept: a file that changes takes the place of what it was.
func (c Cache) place(i Identity) string {
	return filepath.Join(string(c), fmt.Sprintf("%x-%x.json", i.Device, i.Inode))
}

func (c Cache) read(i Identity) (sum [sha256.Size]byte, ok bool) {
	if c == "" {
		return sum, false
	}
	var k kept
	data, err := regfile.ReadBare(c.place(i), 4096)
	if err != nil || json.Unmarshal(data, &k) != nil || k.Identity != i || len(k.SHA256) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	_, err = hex.Decode(sum[:], []byte(k.SHA256))
	return sum, err == nil
}

// write writes to a temporary file first, because other processes may do the same at once.
func (c Cache) write(i Identity, sum [sha256.Size]byte) {
	if c == "" {
		return
	}
	data, err := json.Marshal(kept{hex.EncodeToString(sum[:]), i})
	if err != nil || os.MkdirAll(string(c), 0o755) != nil { // only its owner can write there
		return
	}
	tmp, err := os.CreateTemp(string(c), ".new-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(append(data, '\n'))
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil || os.Rename(tmp.Name(), c.place(i)) != nil {
		os.Remove(tmp.Name())
	}
}
