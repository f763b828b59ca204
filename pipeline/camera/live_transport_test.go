package camera

import (
	"testing"
	"time"

	"corallite/internal/clock"
	"corallite/pipeline/camera/cameratest"
)

// A camera that sends by UDP only is read by UDP, and it is said why.
func TestLiveRTSPOverUDP(t *testing.T) {
	sameAfter(t)
	for _, transport := range []string{"", "auto", "udp"} {
		t.Run("transport "+transport, func(t *testing.T) {
			n := cameratest.NewRTSPOverUDP(t, 320, 240)
			l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Transport: transport})
			numbers(t, l, 5)
			if s := l.Connection(); s.Attempts != 1 || s.LastError != "" {
				t.Errorf("%+v", s)
			}
			refused, said := n.Refused.Load(), log.count("the camera is read by UDP")
			if transport != "udp" && (refused != 1 || said != 1 || log.count("461") != 1) || transport == "udp" && (refused != 0 || said != 0) {
				t.Errorf("%d requests for TCP; said %d times that it is read by UDP\n%s", refused, said, log)
			}
		})
	}
}

// The library's own words say why a camera is not read by the transport that is asked for.
func TestLiveRTSPOnlyByTheOther(t *testing.T) {
	for _, c := range []struct {
		name, transport, want string
		start                 func(tb testing.TB, width, height int) *cameratest.RTSP
	}{
		{"TCP of a server of UDP", "tcp", "by TCP: method SETUP failed: 461", cameratest.NewRTSPOverUDP},
		{"UDP of a server of TCP", "udp", "by UDP: method SETUP failed: 461", cameratest.NewRTSP},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := c.start(t, 320, 240)
			l, _ := opened(t, LiveOptions{URL: n.URL("/yard"), Transport: c.transport})
			if s := l.Connection(); s.Up {
				t.Errorf("%+v", s)
			} else {
				contains(t, s.LastError, c.want)
			}
		})
	}
}

// A camera that agrees to TCP and sends nothing by it is read by UDP, whether the parent loses patience first or the child.
func TestLiveRTSPSilentByTCP(t *testing.T) {
	for name, o := range map[string]LiveOptions{
		"the parent": {Deadline: 2 * time.Second}, "the child": {Deadline: 20 * time.Second, Timeout: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			n := cameratest.NewRTSPOverUDP(t, 320, 240)
			n.Silent.Store(true)
			o.URL, o.Clock = n.URL("/yard"), clock.System{}
			l, log := opened(t, o)
			numbers(t, l, 5)
			if s := l.Connection(); s.Attempts < 2 || n.Refused.Load() < 1 {
				t.Errorf("%+v, %d requests for TCP\n%s", s, n.Refused.Load(), log)
			}
		})
	}
}
