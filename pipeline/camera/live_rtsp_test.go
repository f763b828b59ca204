package camera

import (
	"context"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/auth"

	"corallite/pipeline/camera/cameratest"
)

func TestLiveRTSP(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSP(t, 320, 240)
	n.Protect("viewer", "p@ss:wo/rd", []auth.ValidateMethod{auth.ValidateMethodDigestMD5})
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "p@ss:wo/rd"}})
	last := -1
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	for range 10 {
		f, err := l.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if number := cameratest.Marked(f); number == last || f.Width() != 320 || f.Height() != 240 || f.Meta().Source != n.URL("/yard") {
			t.Errorf("frame %d after %d, %dx%d, source %q", number, last, f.Width(), f.Height(), f.Meta().Source)
		}
		last = cameratest.Marked(f)
		f.Release()
	}
	if log.count("level=WARN") != 0 {
		t.Errorf("log:\n%s", log)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	// The connection may be reset before the server reads that it is to end, because of packets that nobody read.
	for deadline := time.Now().Add(long); n.Closed.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session of the server goes on")
		}
	}
}

// A server of UDP, which no connection tells that the client has gone, is told.
func TestLiveRTSPEndsInOrder(t *testing.T) {
	n := cameratest.NewRTSPOverUDP(t, 320, 240)
	l, _ := opened(t, LiveOptions{URL: n.URL("/yard")})
	nextFrame(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(long); n.Ended.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server was not told that the stream is not wanted any more")
		}
	}
}

// A camera that answers only under its own address is read.
func TestLiveRTSPUnderItsAddress(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSP(t, 320, 240)
	n.Strict.Store(true)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard")})
	for range 3 {
		if _, width, height := nextFrame(t, l); width != 320 || height != 240 {
			t.Errorf("%dx%d", width, height)
		}
	}
	if l.Connection().Attempts != 1 || log.count("level=WARN") != 0 {
		t.Errorf("%+v\n%s", l.Connection(), log)
	}
}

func TestLiveRTSPKilledFrozenAndGarbage(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard")})
	harmed(t, l, log, "killed", n.Kill, n.Start)
	harmed(t, l, log, "frozen", func() { n.Frozen.Store(true) }, func() { n.Frozen.Store(false) })
	harmed(t, l, log, "garbage", func() { n.Garbage.Store(true) }, func() { n.Garbage.Store(false) })
	if lost, back := log.count(saidLost), log.count("source is back"); lost != 3 || back != 3 {
		t.Errorf("said %d times that it was lost and %d times that it is back, want 3 of both", lost, back)
	}
	if s := l.Connection(); s.Stalls < 2 {
		t.Errorf("%+v", s)
	}
}

func TestLiveRTSPErrorsAtTheStart(t *testing.T) {
	n := cameratest.NewRTSP(t, 320, 240)
	n.Protect("viewer", "open sesame", nil)
	for _, c := range []struct {
		name, want string
		methods    []auth.ValidateMethod
		o          LiveOptions
	}{
		{"no password", "it requires a user and a password", nil, LiveOptions{URL: n.URL("/yard")}},
		{"wrong password", "rejects the user or the password", []auth.ValidateMethod{auth.ValidateMethodDigestMD5}, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"wrong password, Basic", "rejects the user or the password", []auth.ValidateMethod{auth.ValidateMethodBasic}, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"no such stream", "no such stream", nil, LiveOptions{URL: n.URL("/garden")}},
		{"token", "a token only works over HTTP", nil, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{Token: "t"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n.Protect("viewer", "open sesame", c.methods)
			c.o.Deadline = long
			l, err := NewLive(context.Background(), c.o)
			if err == nil {
				defer l.Close()
				t.Fatalf("it was opened: %+v", l.Connection())
			}
			contains(t, err.Error(), c.want)
		})
	}
}
