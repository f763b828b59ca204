package camera

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/internal/reconnect"
	"corallite/pipeline/camera/cameratest"
)

func TestLiveHTTP(t *testing.T) {
	for _, path := range []string{"/stream", "/snapshot"} {
		t.Run(path, func(t *testing.T) {
			sameAfter(t)
			w := cameratest.NewHTTP(t, 320, 240)
			l, log := opened(t, LiveOptions{URL: w.URL(path), Interval: 20 * time.Millisecond})
			if !l.Live() || l.Name() != w.URL(path) {
				t.Errorf("live %v, name %q", l.Live(), l.Name())
			}
			last := -1
			for range 30 {
				before := time.Now()
				f, err := l.Next(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				n := cameratest.Marked(f)
				if n == last || f.Width() != 320 || f.Height() != 240 || f.Meta().Source != l.Name() || f.FPS() <= 0 {
					t.Errorf("frame %d after %d, %dx%d, source %q, %v frames a second", n, last, f.Width(), f.Height(), f.Meta().Source, f.FPS())
				}
				if stamp := f.Meta().Time; stamp.After(time.Now()) || stamp.Before(before.Add(-long)) {
					t.Errorf("captured at %v, asked for at %v", stamp, before)
				}
				last = n
				f.Release()
			}
			if s := l.Connection(); !s.Up || s.Reopened != 0 || s.Stalls != 0 || s.Attempts != 1 || s.LastError != "" {
				t.Errorf("%+v", s)
			}
			if log.count("level=WARN") != 0 || log.count("landlock") == 0 && log.count("Landlock") == 0 {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

// The pixels are those that the server sends.
func TestLivePixels(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, _ := opened(t, LiveOptions{URL: w.URL("/stream")})
	f, err := l.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	want, err := decoded(t, cameratest.Scene(t, 320, 240)[cameratest.Marked(f)])
	if err != nil {
		t.Fatal(err)
	}
	got, expected := f.Mat(), want.Mat()
	if string(got.ToBytes()) != string(expected.ToBytes()) {
		t.Error("the frame differs from the picture that was sent")
	}
}

func TestLiveKilledAndRestarted(t *testing.T) {
	sameAfter(t)
	w := cameratest.NewHTTP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: w.URL("/stream")})
	for round := range 3 {
		nextFrame(t, l)
		w.Kill()
		back := time.AfterFunc(300*time.Millisecond, w.Start)
		nextUntil(t, l, "it comes back", func(int, int) bool { return l.Stats().Reopened == uint64(round+1) })
		back.Stop()
	}
	s := l.Connection()
	if !s.Up || s.Reopened != 3 || s.LastError == "" {
		t.Errorf("%+v", s)
	}
	if lost, back := log.count(saidLost), log.count("source is back"); lost != 3 || back != 3 {
		t.Errorf("said %d times that it was lost and %d times that it is back, want 3 of both", lost, back)
	}
}

func TestLiveFrozen(t *testing.T) {
	sameAfter(t)
	w := cameratest.NewHTTP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: w.URL("/stream")})
	harmed(t, l, log, "frozen", func() { w.Frozen.Store(true) }, func() { w.Frozen.Store(false) })
	if s := l.Connection(); s.Stalls != 1 || s.Reopened != 1 {
		t.Errorf("%+v", s)
	}
	if log.count("no data for 10s") == 0 {
		t.Error("the stall was not said")
	}
}

func TestLiveGarbage(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: w.URL("/stream")})
	harmed(t, l, log, "garbage", func() { w.Garbage.Store(true) }, func() { w.Garbage.Store(false) })
	if log.count("pictures could not be decoded") == 0 {
		t.Error("what was wrong with the pictures was not said")
	}
}

func TestLiveResolutionChanges(t *testing.T) {
	for _, path := range []string{"/stream", "/snapshot"} {
		t.Run(path, func(t *testing.T) {
			w := cameratest.NewHTTP(t, 320, 240)
			l, log := opened(t, LiveOptions{URL: w.URL(path), Interval: 20 * time.Millisecond})
			for _, size := range [][2]int{{320, 240}, {1280, 720}, {160, 120}, {640, 480}, {1920, 1080}} {
				w.Show(size[0], size[1])
				nextUntil(t, l, "the new size", func(width, height int) bool { return width == size[0] && height == size[1] })
			}
			if s := l.Connection(); s.Reopened != 0 || s.LastError != "" {
				t.Errorf("%+v", s)
			}
			if n := log.count("the size of the frames has changed"); n != 4 {
				t.Errorf("said %d times that the size changed, want 4", n)
			}
		})
	}
}

// A consumer that is slower than the camera gets the newest frame, not the one after the last.
func TestLiveLagDoesNotBuildUp(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	var all []int
	for range 5 { // a busy machine may be late; a queue would be six later each time, whenever it is looked at
		l, _ := opened(t, LiveOptions{URL: w.URL("/stream")})
		nextFrame(t, l)
		for range 3 { // with the fourth the numbers begin again
			from := w.Sent.Load()
			for w.Sent.Load() < from+7 {
				time.Sleep(time.Millisecond)
			}
			number, _, _ := nextFrame(t, l)
			sent := int(w.Sent.Load()-1) % cameratest.SceneFrames
			behind := (sent - number + cameratest.SceneFrames) % cameratest.SceneFrames
			if behind <= 5 {
				return
			}
			all = append(all, behind)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Errorf("the frames were %v behind the newest", all)
}

// What crashes in the child costs the child.
func TestLiveChildDies(t *testing.T) {
	sameAfter(t)
	w := cameratest.NewHTTP(t, 320, 240)
	others := children(t)
	l, log := opened(t, LiveOptions{URL: w.URL("/stream"), Deadline: 5 * time.Second})
	// The last one does not die: it answers nothing any more, for as long as the deadline.
	for _, signal := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGKILL, syscall.SIGSTOP} {
		nextFrame(t, l)
		reopened := l.Stats().Reopened
		for _, pid := range children(t) {
			if slices.Contains(others, pid) {
				continue
			}
			if err := syscall.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
		}
		nextUntil(t, l, "it comes back", func(int, int) bool { return l.Stats().Reopened == reopened+1 })
	}
	if s := l.Connection(); s.Stalls != 1 {
		t.Errorf("%+v", s)
	}
	if n := log.count(saidLost); n != 4 {
		t.Errorf("said %d times that it was lost, want 4", n)
	}
}

func TestLiveCloseWithFrozenServer(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, _ := opened(t, LiveOptions{URL: w.URL("/stream")})
	nextFrame(t, l)
	w.Frozen.Store(true)
	failed := make(chan error, 1)
	go func() {
		for {
			f, err := l.Next(context.Background())
			if err != nil {
				failed <- err
				return
			}
			f.Release()
		}
	}()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("Next: %v, want ErrClosed", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestLiveContextEnds(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, _ := opened(t, LiveOptions{URL: w.URL("/stream")})
	nextFrame(t, l)
	w.Frozen.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	for {
		f, err := l.Next(ctx)
		if err == nil {
			f.Release()
			continue
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next: %v, want the context's error", err)
		}
		break
	}
	w.Frozen.Store(false)
	nextFrame(t, l)
	if s := l.Connection(); s.Attempts != 1 {
		t.Errorf("a context that ended cost the source: %+v", s)
	}
}

// A single picture that does not come costs no new child process; a camera that gives none for long is lost.
func TestLiveSnapshotFails(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: w.URL("/snapshot"), Interval: 20 * time.Millisecond})
	for _, failures := range []int64{1, 2, 5} {
		nextFrame(t, l)
		served := w.Served.Load()
		w.Refuse.Store(failures)
		nextUntil(t, l, "the next picture", func(int, int) bool { return w.Refuse.Load() <= 0 && w.Served.Load() > served+3 })
	}
	if s := l.Connection(); s.Attempts != 1 || s.LastError != "" {
		t.Errorf("%+v", s)
	}
	harmed(t, l, log, "refused", func() { w.Refuse.Store(1 << 40) }, func() { w.Refuse.Store(0) })
	if log.count("pictures could not be decoded, the last one: the server responded") == 0 {
		t.Error("it was not said why no picture came")
	}
}

// A camera that shows an empty page while it starts anew is waited for, once it has been seen.
func TestLiveShowsAPageForAWhile(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: w.URL("/stream")})
	nextFrame(t, l)
	w.Page.Store(true)
	w.Kill()
	w.Start()
	mended := make(chan struct{})
	go func() {
		defer close(mended)
		for log.count("returns text/html") == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		w.Page.Store(false)
	}()
	nextUntil(t, l, "it comes back", func(int, int) bool { return l.Stats().Reopened == 1 })
	<-mended
}

// A camera that is off when the program starts is waited for.
func TestLiveNotThereYet(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	w.Kill()
	l, log := opened(t, LiveOptions{URL: w.URL("/stream")})
	if s := l.Connection(); s.Up || s.LastError == "" {
		t.Errorf("%+v", s)
	}
	if log.count("no data from the source yet") != 1 || log.count("connection refused") == 0 {
		t.Errorf("it was not said, with its cause:\n%s", log)
	}
	w.Start()
	nextFrame(t, l)
	if s := l.Connection(); !s.Up || s.Reopened != 0 || log.count("source is back") != 1 {
		t.Errorf("%+v", s)
	}
}

func TestLiveEightAtOnce(t *testing.T) {
	sameAfter(t)
	w := cameratest.NewHTTP(t, 320, 240)
	var wg sync.WaitGroup
	const each = 20
	for range 8 {
		l, _ := opened(t, LiveOptions{URL: w.URL("/stream")})
		wg.Go(func() {
			for range each {
				f, err := l.Next(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				f.Release()
			}
		})
	}
	wg.Wait()
	if n := w.Served.Load(); n != 8 {
		t.Errorf("%d connections, want 8", n)
	}
}

func TestLiveErrorsAtTheStart(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	w.Protect("viewer", "open sesame")
	for _, c := range []struct {
		name, want string
		o          LiveOptions
	}{
		{"no password", "it requires a user and a password", LiveOptions{URL: w.URL("/stream")}},
		{"wrong password", "rejects the user or the password", LiveOptions{URL: w.URL("/snapshot"), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"no such page", "no such stream", LiveOptions{URL: w.URL("/nothing")}},
		{"a page", "returns text/html, not a picture or a stream", LiveOptions{URL: w.URL("/page")}},
		{"nothing", "0 inputs are set", LiveOptions{}},
		{"two things", "2 inputs are set", LiveOptions{URL: "http://h/", Camera: "0"}},
		{"scheme", `did you mean rtsp?`, LiveOptions{URL: "rtps://127.0.0.1/"}},
		{"no address", "invalid address", LiveOptions{URL: "camera at the door"}},
		{"size of a URL", "can only be set for a camera of this machine", LiveOptions{URL: w.URL("/stream"), Width: 640, Height: 480}},
		{"no camera", `no camera found (looked for "7")`, LiveOptions{Camera: "7", Required: true}},
		{"half a size", "want both width and height, or neither", LiveOptions{Camera: "0", Width: 640}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Deadline = long
			l, err := NewLive(context.Background(), c.o)
			if err == nil {
				l.Close()
				t.Fatal("it was opened")
			}
			contains(t, err.Error(), c.want)
			if c.name == "no password" && !reconnect.IsPermanent(err) {
				t.Error("the error is not permanent")
			}
		})
	}
}

func TestLiveDigest(t *testing.T) {
	w := cameratest.NewHTTP(t, 320, 240)
	w.Protect("viewer", "open sesame")
	for _, path := range []string{"/stream", "/snapshot?channel=1"} {
		l, _ := opened(t, LiveOptions{URL: w.URL(path), Interval: 20 * time.Millisecond, Credentials: Credentials{User: "viewer", Password: "open sesame"}})
		for range 3 {
			nextFrame(t, l)
		}
	}
}
