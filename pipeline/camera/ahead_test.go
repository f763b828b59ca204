package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/pipeline"
)

var sourceEnv part.SourceEnv

// folderOf writes n pictures of different sizes, every fifth damaged, and returns their names.
func folderOf(t *testing.T, n int) (dir string, names []string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("%03d.png", i))
		data := pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 1+(n-i)*7, 1+i)), color.White))
		if i%5 == 4 {
			data = data[:len(data)/2]
		}
		names = append(names, write(t, name, data))
	}
	return dir, names
}

func TestPicturesDecodedAheadComeInOrder(t *testing.T) {
	_, names := folderOf(t, 40)
	p, err := NewPictures(names...)
	if err != nil {
		t.Fatal(err)
	}
	p.ahead.reader.parallel = 7
	for i, name := range names {
		f, err := p.Next(context.Background())
		var one *pipeline.ItemError
		switch {
		case i%5 == 4:
			if !errors.As(err, &one) || one.Source != name {
				t.Errorf("%s: got %v; want an error of this picture", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if f.Meta().Source != name || f.Height() != 1+i {
				t.Errorf("picture %d is %s, %d high", i, f.Meta().Source, f.Height())
			}
			f.Release()
		}
	}
	for range 2 {
		if _, err := p.Next(context.Background()); err != io.EOF {
			t.Errorf("after the last picture: %v; want io.EOF", err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n := p.ahead.reader.pool.Outstanding(); n != 0 {
		t.Errorf("%d frames were not released", n)
	}
	if f, x := p.ahead.reader.files.used, p.ahead.reader.pixels.used; f != 0 || x != 0 {
		t.Errorf("%d bytes of files and %d of pictures were not given back", f, x)
	}
}

// With a limit that no picture fits, there is one at a time, and all come.
func TestPicturesDecodedAheadKeepToTheLimit(t *testing.T) {
	_, names := folderOf(t, 20)
	p, err := NewPictures(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := &p.ahead.reader
	r.parallel, r.files.limit, r.pixels.limit = 5, 1, 1
	got, failed := take(t, p)
	if len(got) != 16 || len(failed) != 4 {
		t.Errorf("%d pictures and %d errors; want 16 and 4", len(got), len(failed))
	}
}

func TestPicturesDecodedAheadAreReleasedByClose(t *testing.T) {
	_, names := folderOf(t, 30)
	for taken := range 4 {
		p, err := NewPictures(names...)
		if err != nil {
			t.Fatal(err)
		}
		p.ahead.reader.parallel = 6
		p.ahead.reader.pixels.limit = 200 // some wait for memory
		for range taken {
			f, err := p.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f.Release()
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := p.Next(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
		for range 2 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := p.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v; want ErrClosed", err)
		}
		if n := p.ahead.reader.pool.Outstanding(); n != 0 {
			t.Errorf("%d frames were not released", n)
		}
	}
}

func TestGate(t *testing.T) {
	var g gate
	g.init(10)
	var mu sync.Mutex
	var order []int
	inside, most := int64(0), int64(0)
	var all sync.WaitGroup
	for job := 29; job >= 0; job-- {
		all.Go(func() {
			need := int64(job % 7)
			if !g.enter(job, need) {
				t.Error("closed")
			}
			mu.Lock()
			order = append(order, job)
			inside += need
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			inside -= need
			mu.Unlock()
			g.leave(need)
		})
	}
	all.Wait()
	if most > 10 || g.used != 0 {
		t.Errorf("up to %d at a time, %d left; want at most 10, 0", most, g.used)
	}
	if len(order) != 30 {
		t.Errorf("%d jobs came through", len(order))
	}
	waiting := make(chan bool)
	go func() { waiting <- g.enter(31, 1) }() // job 30 never comes
	g.close()
	if <-waiting {
		t.Error("a job came through a closed gate")
	}
}
