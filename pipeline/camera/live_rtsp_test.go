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
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "p@ss:wo/rd"}, Deadline: long})
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
	// The server is told that the stream is not wanted any more, unless a busy machine needs too long for that.
	for range 10 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if n.Ended.Load() > 0 {
			return
		}
		l, _ = opened(t, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "p@ss:wo/rd"}, Deadline: long})
	}
	t.Error("the server was not told that the stream is not wanted any more")
}

func TestLiveRTSPKilledFrozenAndGarbage(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSP(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Deadline: 2 * time.Second})
	for round, c := range []struct {
		name      string
		harm, end func()
	}{
		{"killed", n.Kill, n.Start},
		{"frozen", func() { n.Frozen.Store(true) }, func() { n.Frozen.Store(false) }},
		{"garbage", func() { n.Garbage.Store(true) }, func() { n.Garbage.Store(false) }},
	} {
		nextFrame(t, l)
		c.harm()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for log.count("source lost") <= round {
				time.Sleep(10 * time.Millisecond)
			}
			c.end()
		}()
		nextUntil(t, l, c.name+": it comes back", func(int, int) bool { return l.Reopened() > uint64(round) })
		<-ended
	}
	// A machine that is slow to start a child process has to try more than once.
	late, lost, back := log.count("source gives nothing yet"), log.count("source lost"), log.count("source is back")
	if lost < 3 || back != lost+late {
		t.Errorf("said %d times that it was lost, %d times that nothing came at first, %d times that it is back", lost, late, back)
	}
	if s := l.Stats(); s.Stalls < 1 {
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
		{"no password", "it wants a user and a password", nil, LiveOptions{URL: n.URL("/yard")}},
		{"wrong password", "refuses the user or the password", []auth.ValidateMethod{auth.ValidateMethodDigestMD5}, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"wrong password, Basic", "refuses the user or the password", []auth.ValidateMethod{auth.ValidateMethodBasic}, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"no such stream", "there is no such stream", nil, LiveOptions{URL: n.URL("/garden")}},
		{"token", "a token can be sent over HTTP only", nil, LiveOptions{URL: n.URL("/yard"), Credentials: Credentials{Token: "t"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n.Protect("viewer", "open sesame", c.methods)
			l, err := NewLive(context.Background(), c.o)
			if err == nil {
				defer l.Close()
				t.Fatalf("it was opened: %+v", l.Stats())
			}
			contains(t, err.Error(), c.want)
		})
	}
}
