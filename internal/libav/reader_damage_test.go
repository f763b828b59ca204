package libav

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDamagedFiles reads files with wrong bytes: whatever comes out, it ends, times do not go backwards, and pictures
// are whole.
func TestDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, m := range []made{
		{name: "a.mp4", args: x264 + "-movflags +faststart", patch: matrix(0, 1, -1, 0)}, {name: "b.ts", args: x264}, {name: "c.avi", args: "-c:v mpeg4 -q:v 3 -bf 2"},
		{name: "d.mkv", args: "-c:v ffv1 -pix_fmt gbrp"}, {name: "e.webm", args: "-c:v libvpx -deadline realtime"},
	} {
		data, err := os.ReadFile(m.write(t))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), m.name)
		for round := range 8 {
			damaged := append([]byte(nil), data...)
			for range 1 << round {
				damaged[r.IntN(len(damaged))] = byte(r.Uint32())
			}
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := readAll(path); err != nil {
				t.Errorf("%s, round %d: %v", m.name, round, err)
			}
		}
	}
}

func readAll(path string) error {
	r, err := OpenReader(context.Background(), "file:"+path, ReaderOptions{Options: map[string]string{"protocol_whitelist": "file"}})
	if err != nil {
		return nil // nothing that can be read
	}
	defer r.Close()
	var last time.Duration
	for n := 0; ; n++ {
		f, err := r.Next()
		if err != nil {
			return nil
		}
		p, release, err := f.Picture()
		if err != nil {
			return fmt.Errorf("frame %d: %w", n, err)
		}
		if n > 0 && f.Time < last {
			return fmt.Errorf("frame %d is at %v, after %v", n, f.Time, last)
		}
		last = f.Time
		for i := range p.Layout.Planes() {
			_ = bytes.Clone(p.Data[i]) // all of it can be read
		}
		release()
		f.Release()
	}
}
