package libav

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// small is a video of 64×48 pixels, 25 frames a second.
func small(encoder string) Options {
	return Options{Encoder: encoder, Width: 64, Height: 48, Rate: 25, Base: 1}
}

func newFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "v.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// boxes are the names of the outer boxes of an MP4 file (ISO/IEC 14496-12, section 4.2).
func boxes(t *testing.T, path string) (names []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		size := 0
		if len(data) >= 8 {
			size = int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
		}
		if size < 8 || size > len(data) {
			t.Fatalf("after %v %d bytes are no box", names, len(data))
		}
		names = append(names, string(data[4:8]))
		data = data[size:]
	}
	return names
}

// TestFileIsWholeAfterEachFlush looks at the file's boxes: each flush adds a whole fragment, nothing else is written.
func TestFileIsWholeAfterEachFlush(t *testing.T) {
	for _, encoder := range []string{X264, MPEG4} {
		t.Run(encoder, func(t *testing.T) {
			f := newFile(t)
			m, err := Open(f, small(encoder))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			want := []string{"ftyp", "moov"}
			if got := boxes(t, f.Name()); len(got) != 2 || got[1] != "moov" {
				t.Errorf("at the beginning: %v", got)
			}
			picture := make([]byte, 64*48*3/2)
			for n := range 4 {
				for i := range 10 {
					picture[0] = byte(10*n + i)
					if err := m.Write(picture); err != nil {
						t.Fatal(err)
					}
				}
				if err := m.Flush(); err != nil {
					t.Fatal(err)
				}
				want = append(want, "moof", "mdat")
				got := boxes(t, f.Name())
				if len(got) != len(want) {
					t.Errorf("after %d flushes: %v, want %v", n+1, got, want)
				}
			}
			if err := m.Finish(); err != nil {
				t.Error(err)
			}
			boxes(t, f.Name())
		})
	}
}

func TestRefuses(t *testing.T) {
	f := newFile(t)
	if _, err := Open(f, small("nosuchencoder")); !errors.Is(err, ErrNoEncoder) {
		t.Errorf("an encoder that there is not: %v", err)
	}
	for _, o := range []Options{
		{Encoder: X264, Width: 63, Height: 48, Rate: 25, Base: 1}, {Encoder: X264, Width: 64, Height: 0, Rate: 25, Base: 1},
		{Encoder: X264, Width: 64, Height: 48, Rate: 0, Base: 1}, {Encoder: X264, Width: -64, Height: 48, Rate: 25, Base: 1},
	} {
		if m, err := Open(f, o); err == nil {
			m.Close()
			t.Errorf("%+v is taken", o)
		}
	}
	var own *Error
	if m, err := Open(f, Options{Encoder: MPEG4, Width: 64, Height: 48, Rate: 100_001, Base: 1}); !errors.As(err, &own) || own.Error() == "" {
		if err == nil {
			m.Close()
		}
		t.Errorf("a rate that MPEG-4 cannot say: %v", err)
	}
	m, err := Open(f, small(X264))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Write(make([]byte, 10)); err == nil {
		t.Error("a picture that is too small is taken")
	}
	m.Close()
	m.Close()
	if m.Write(nil) == nil || m.Flush() == nil || m.Finish() == nil {
		t.Error("a closed movie takes something")
	}
}

// TestErrorsOfTheSystem checks that a write that fails is the system's error, at once.
func TestErrorsOfTheSystem(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	if m, err := Open(full, small(X264)); !errors.Is(err, syscall.ENOSPC) {
		if err == nil {
			m.Close()
		}
		t.Errorf("on a full disk: %v", err)
	}
	f := newFile(t)
	m, err := Open(f, small(X264))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Write(make([]byte, 64*48*3/2)); err != nil {
		t.Fatal(err)
	}
	f.Close() // under it
	if err := m.Flush(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("on a closed file: %v", err)
	}
}
