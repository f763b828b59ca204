package cameratest

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	rtspformat "github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// RTSP is an RTSP camera that sends vtest.avi over RTP, as MJPEG (RFC 2435) or H.264 (RFC 6184), 25 pictures a second,
// and misbehaves on request.
type RTSP struct {
	Frozen  atomic.Bool  // sends nothing
	Garbage atomic.Bool  // sends data that is no picture
	Strict  atomic.Bool  // answers only under its own address, like one of several on a machine
	Sent    atomic.Int64 // pictures
	Closed  atomic.Int64 // closed sessions
	Ended   atomic.Int64 // those of them that the client closed properly
	Refused atomic.Int64 // requests for TCP that a UDP server got
	Silent  atomic.Bool  // a UDP server accepts TCP as well, but sends nothing over it

	tb           testing.TB
	address      string
	udp          bool
	user, secret string
	methods      []auth.ValidateMethod
	film         atomic.Pointer[film]
	sounds       bool

	mu      sync.Mutex
	server  *gortsplib.Server
	stream  *gortsplib.ServerStream
	mute    *gortsplib.ServerStream // of sessions that get nothing
	over    chan struct{}
	playing sync.WaitGroup
}

// NewRTSP starts an MJPEG server, which is closed at the end of the test.
func NewRTSP(tb testing.TB, width, height int) *RTSP {
	tb.Helper()
	return newRTSP(tb, mjpeg(tb, width, height))
}

// NewRTSPH264 starts an H.264 server, which is closed at the end of the test.
func NewRTSPH264(tb testing.TB, width, height int) *RTSP {
	tb.Helper()
	return newRTSP(tb, h264(tb, width, height))
}

// NewRTSPWithSound starts an H.264 server with G.711 sound beside the pictures: a tone while pictures of the first half of the
// scene are shown (numbers below SceneFrames/2), and digital silence while the others are.
func NewRTSPWithSound(tb testing.TB, width, height int) *RTSP {
	tb.Helper()
	return start(tb, &RTSP{tb: tb, address: "127.0.0.1:0", sounds: true}, h264(tb, width, height))
}

// NewRTSPOverUDP starts an MJPEG server that sends only over UDP and answers a request for TCP with 461.
func NewRTSPOverUDP(tb testing.TB, width, height int) *RTSP {
	tb.Helper()
	return start(tb, &RTSP{tb: tb, address: "127.0.0.1:0", udp: true}, mjpeg(tb, width, height))
}

func newRTSP(tb testing.TB, shown *film) *RTSP {
	return start(tb, &RTSP{tb: tb, address: "127.0.0.1:0"}, shown)
}

func start(tb testing.TB, n *RTSP, shown *film) *RTSP {
	n.film.Store(shown)
	n.Start()
	tb.Cleanup(n.Kill)
	return n
}

// Show sends MJPEG of this size from the next picture on. Sizes must be multiples of 8.
func (n *RTSP) Show(width, height int) { n.film.Store(mjpeg(n.tb, width, height)) }

// ShowH264 sends H.264 of this size from the next picture on, which is a key frame with its parameter sets. The session
// description stays the same until the server is restarted.
func (n *RTSP) ShowH264(width, height int) { n.film.Store(h264(n.tb, width, height)) }

// Protect requires these credentials.
func (n *RTSP) Protect(user, secret string, methods []auth.ValidateMethod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.user, n.secret, n.methods = user, secret, methods
}

// URL is an address of the server. Only "/yard" has a stream.
func (n *RTSP) URL(path string) string { return "rtsp://" + n.address + path }

// Start restarts the server after Kill, at the same address.
func (n *RTSP) Start() {
	video := &description.Media{Type: description.MediaTypeVideo, Formats: []rtspformat.Format{n.film.Load().format}}
	// The queue holds about a minute of pictures: a client on a busy machine is slow, and must not miss any.
	server := &gortsplib.Server{Handler: n, RTSPAddress: n.address, WriteQueueSize: 1 << 14, Listen: func(network, address string) (net.Listener, error) {
		listener, err := net.Listen(network, address)
		if err == nil {
			n.address = listener.Addr().String()
		}
		return listener, err
	}}
	if err := n.startServer(server); err != nil {
		n.tb.Error(err)
		return
	}
	described := &description.Session{Medias: []*description.Media{video}}
	var sound *voice
	if n.sounds {
		sound = newVoice()
		described.Medias = append(described.Medias, sound.media)
	}
	stream, mute := gortsplib.NewServerStream(server, described), gortsplib.NewServerStream(server, described)
	over := make(chan struct{})
	n.mu.Lock()
	n.server, n.stream, n.mute, n.over = server, stream, mute, over
	n.mu.Unlock()
	n.playing.Go(func() { n.play(stream, video, sound, over) })
}

// startServer starts a server; for UDP on two consecutive ports, the first of which is even (RFC 3550, section 11).
func (n *RTSP) startServer(server *gortsplib.Server) error {
	if !n.udp {
		return server.Start()
	}
	var err error
	for port := 20000; port < 30000; port += 2 {
		server.UDPRTPAddress, server.UDPRTCPAddress = fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", port+1)
		if err = server.Start(); err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
	}
	return err
}

// Kill closes the server and all its connections.
func (n *RTSP) Kill() {
	n.mu.Lock()
	server, stream, mute := n.server, n.stream, n.mute
	n.server, n.stream, n.mute = nil, nil, nil
	if server != nil {
		close(n.over)
	}
	n.mu.Unlock()
	if server != nil {
		stream.Close()
		mute.Close()
		server.Close()
		n.playing.Wait()
	}
}

// play sends the pictures, 25 a second.
func (n *RTSP) play(stream *gortsplib.ServerStream, video *description.Media, sound *voice, over <-chan struct{}) {
	encode, err := encoder(video.Formats[0])
	if err != nil {
		n.tb.Error(err)
		return
	}
	ticker := time.NewTicker(40 * time.Millisecond)
	defer ticker.Stop()
	var shown *film
	next := 0
	for began := time.Now(); ; {
		select {
		case <-over:
			return
		case <-ticker.C:
		}
		if n.Frozen.Load() {
			continue
		}
		if f := n.film.Load(); f != shown {
			shown, next = f, 0
		}
		now := time.Since(began)
		if sound != nil && !n.Garbage.Load() {
			sound.until(now, next > 0 && (next-1)%len(shown.pictures) < len(shown.pictures)/2, func(p *rtp.Packet) { _ = stream.WritePacketRTP(sound.media, p) })
		}
		packets, err := encode(shown.pictures[next%len(shown.pictures)])
		if err != nil {
			n.tb.Error(err)
			return
		}
		next++
		n.Sent.Add(1)
		stamp := uint32(now.Seconds() * 90000) // the same for all packets of a picture
		for _, p := range packets {
			p.Timestamp = stamp
			if n.Garbage.Load() {
				for i := range p.Payload {
					p.Payload[i] = byte(i * 7)
				}
			}
			_ = stream.WritePacketRTP(video, p) // readers that are much too slow lose packets
		}
	}
}

func (n *RTSP) allowed(r *base.Request) *base.Response {
	if n.user == "" || auth.Validate(r, n.user, n.secret, n.methods, "cameras", "a nonce") == nil {
		return &base.Response{StatusCode: base.StatusOK}
	}
	return &base.Response{StatusCode: base.StatusUnauthorized, Header: base.Header{
		"WWW-Authenticate": auth.GenerateWWWAuthenticate(n.methods, "cameras", "a nonce"),
	}}
}

func (n *RTSP) current(path string, r *base.Request) (*base.Response, *gortsplib.ServerStream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	foreign := n.Strict.Load() && r.URL.Host != n.address
	if !strings.HasPrefix(strings.Trim(path, "/"), "yard") || n.stream == nil || foreign {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	if answer := n.allowed(r); answer.StatusCode != base.StatusOK {
		return answer, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, n.stream, nil
}

func (n *RTSP) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return n.current(c.Path, c.Request)
}

func (n *RTSP) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if n.udp && c.Transport == gortsplib.TransportTCP {
		if n.Refused.Add(1); !n.Silent.Load() {
			return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
		}
		answer, stream, err := n.current(c.Path, c.Request)
		if stream != nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			stream = n.mute
		}
		return answer, stream, err
	}
	return n.current(c.Path, c.Request)
}

func (n *RTSP) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (n *RTSP) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	n.Closed.Add(1)
	if c.Error != nil && strings.Contains(c.Error.Error(), "torn down") {
		n.Ended.Add(1)
	}
}
