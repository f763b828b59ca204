package camera

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	rtspformat "github.com/bluenviron/gortsplib/v4/pkg/format"
)

// netcam is an RTSP server that shows vtest.avi as MJPEG over RTP (RFC 2435), and behaves as badly as it is told.
type netcam struct {
	tb           testing.TB
	address      string
	user, secret string
	methods      []auth.ValidateMethod
	shown        atomic.Pointer[[][]byte]
	frozen       atomic.Bool
	garbage      atomic.Bool
	sent         atomic.Int64

	mu       sync.Mutex
	server   *gortsplib.Server
	stream   *gortsplib.ServerStream
	over     chan struct{}
	sessions map[*gortsplib.ServerSession]bool
	ended    atomic.Int64 // sessions that the client ended in order
	playing  sync.WaitGroup
}

func newNetcam(tb testing.TB, width, height int) *netcam {
	tb.Helper()
	n := &netcam{tb: tb, address: "127.0.0.1:0", sessions: map[*gortsplib.ServerSession]bool{}}
	n.show(width, height)
	n.start()
	tb.Cleanup(n.kill)
	return n
}

func (n *netcam) show(width, height int) {
	pictures := scene(n.tb, width, height)
	n.shown.Store(&pictures)
}

// protect lets in only who knows the secret.
func (n *netcam) protect(user, secret string, methods []auth.ValidateMethod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.user, n.secret, n.methods = user, secret, methods
}

func (n *netcam) url() string { return "rtsp://" + n.address + "/yard" }

func (n *netcam) start() {
	n.tb.Helper()
	video := &description.Media{Type: description.MediaTypeVideo, Formats: []rtspformat.Format{&rtspformat.MJPEG{}}}
	server := &gortsplib.Server{Handler: n, RTSPAddress: n.address, Listen: func(network, address string) (net.Listener, error) {
		listener, err := net.Listen(network, address)
		if err == nil {
			n.address = listener.Addr().String()
		}
		return listener, err
	}}
	if err := server.Start(); err != nil {
		n.tb.Fatal(err)
	}
	stream := gortsplib.NewServerStream(server, &description.Session{Medias: []*description.Media{video}})
	over := make(chan struct{})
	n.mu.Lock()
	n.server, n.stream, n.over = server, stream, over
	n.mu.Unlock()
	n.playing.Go(func() { n.play(stream, video, over) })
}

// kill ends the server and all its connections.
func (n *netcam) kill() {
	n.mu.Lock()
	server, stream := n.server, n.stream
	n.server, n.stream = nil, nil
	if server != nil {
		close(n.over)
	}
	n.mu.Unlock()
	if server != nil {
		stream.Close()
		server.Close()
		n.playing.Wait()
	}
}

// play sends the pictures, 25 a second.
func (n *netcam) play(stream *gortsplib.ServerStream, video *description.Media, over <-chan struct{}) {
	encoder, err := video.Formats[0].(*rtspformat.MJPEG).CreateEncoder()
	if err != nil {
		n.tb.Error(err)
		return
	}
	ticker := time.NewTicker(40 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); ; {
		select {
		case <-over:
			return
		case <-ticker.C:
		}
		if n.frozen.Load() {
			continue
		}
		pictures := *n.shown.Load()
		packets, err := encoder.Encode(pictures[int(n.sent.Add(1)-1)%len(pictures)])
		if err != nil {
			n.tb.Error(err)
			return
		}
		stamp := uint32(time.Since(began).Seconds() * 90000) // one for all packets of a picture
		for _, p := range packets {
			p.Timestamp = stamp
			if n.garbage.Load() {
				for i := range p.Payload {
					p.Payload[i] = byte(i * 7)
				}
			}
			_ = stream.WritePacketRTP(video, p) // who reads too slowly loses packets
		}
	}
}

func (n *netcam) allowed(r *base.Request) *base.Response {
	if n.user == "" || auth.Validate(r, n.user, n.secret, n.methods, "cameras", "a nonce") == nil {
		return &base.Response{StatusCode: base.StatusOK}
	}
	return &base.Response{StatusCode: base.StatusUnauthorized, Header: base.Header{
		"WWW-Authenticate": auth.GenerateWWWAuthenticate(n.methods, "cameras", "a nonce"),
	}}
}

func (n *netcam) current(path string, r *base.Request) (*base.Response, *gortsplib.ServerStream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !strings.HasPrefix(strings.Trim(path, "/"), "yard") || n.stream == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	if answer := n.allowed(r); answer.StatusCode != base.StatusOK {
		return answer, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, n.stream, nil
}

func (n *netcam) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return n.current(c.Path, c.Request)
}

func (n *netcam) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return n.current(c.Path, c.Request)
}

func (n *netcam) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (n *netcam) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if c.Error != nil && strings.Contains(c.Error.Error(), "torn down") {
		n.ended.Add(1)
	}
}

func TestLiveRTSP(t *testing.T) {
	sameAfter(t)
	n := newNetcam(t, 320, 240)
	n.protect("viewer", "p@ss:wo/rd", []auth.ValidateMethod{auth.ValidateMethodDigestMD5})
	l, log := opened(t, LiveOptions{URL: n.url(), Credentials: Credentials{User: "viewer", Password: "p@ss:wo/rd"}})
	last := -1
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	for range 10 {
		f, err := l.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if number := marked(f); number == last || f.Width() != 320 || f.Height() != 240 || f.Meta().Source != n.url() {
			t.Errorf("frame %d after %d, %dx%d, source %q", number, last, f.Width(), f.Height(), f.Meta().Source)
		}
		last = marked(f)
		f.Release()
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(long); n.ended.Load() == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n.ended.Load() != 1 {
		t.Error("the server was not told that the stream is not wanted any more")
	}
	if log.count("level=WARN") != 0 {
		t.Errorf("log:\n%s", log)
	}
}

func TestLiveRTSPKilledFrozenAndGarbage(t *testing.T) {
	sameAfter(t)
	n := newNetcam(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.url(), Deadline: 2 * time.Second})
	for round, c := range []struct {
		name      string
		harm, end func()
	}{
		{"killed", n.kill, n.start},
		{"frozen", func() { n.frozen.Store(true) }, func() { n.frozen.Store(false) }},
		{"garbage", func() { n.garbage.Store(true) }, func() { n.garbage.Store(false) }},
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
		nextUntil(t, l, c.name+": it comes back", func(int, int) bool { return l.Reopened() == uint64(round+1) })
		<-ended
	}
	if lost, back := log.count("source lost"), log.count("source is back"); lost != 3 || back != 3 {
		t.Errorf("said %d times that it was lost and %d times that it is back, want 3 of both", lost, back)
	}
	if s := l.Stats(); s.Stalls < 1 {
		t.Errorf("%+v", s)
	}
}

func TestLiveRTSPErrorsAtTheStart(t *testing.T) {
	n := newNetcam(t, 320, 240)
	n.protect("viewer", "open sesame", nil)
	for _, c := range []struct {
		name, want string
		methods    []auth.ValidateMethod
		o          LiveOptions
	}{
		{"no password", "it wants a user and a password", nil, LiveOptions{URL: n.url()}},
		{"wrong password", "refuses the user or the password", []auth.ValidateMethod{auth.ValidateMethodDigestMD5}, LiveOptions{URL: n.url(), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"wrong password, Basic", "refuses the user or the password", []auth.ValidateMethod{auth.ValidateMethodBasic}, LiveOptions{URL: n.url(), Credentials: Credentials{User: "viewer", Password: "wrong"}}},
		{"no such stream", "there is no such stream", nil, LiveOptions{URL: "rtsp://" + n.address + "/garden"}},
		{"token", "a token can be sent over HTTP only", nil, LiveOptions{URL: n.url(), Credentials: Credentials{Token: "t"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n.protect("viewer", "open sesame", c.methods)
			l, err := NewLive(context.Background(), c.o)
			if err == nil {
				defer l.Close()
				t.Fatalf("it was opened: %+v", l.Stats())
			}
			contains(t, err.Error(), c.want)
		})
	}
}
