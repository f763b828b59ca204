package camera

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"corallite/internal/reconnect"
	"corallite/pipeline/camera/cameratest"
)

// A camera that made its certificate itself is taken where that is allowed, and refused for good where not.
func TestLiveHTTPS(t *testing.T) {
	picture := cameratest.Scene(t, 320, 240)[7]
	server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "image/jpeg")
		_, _ = out.Write(picture) // a client that has gone needs none
	}))
	defer server.Close()
	l, err := NewLive(context.Background(), LiveOptions{URL: server.URL, Deadline: long})
	if err == nil {
		l.Close()
		t.Fatal("a certificate that nobody vouches for was taken")
	}
	contains(t, err.Error(), "for a camera with a self-signed certificate, set any_certificate: true")
	if !reconnect.IsPermanent(err) {
		t.Error("the error is not permanent")
	}
	l, _ = opened(t, LiveOptions{URL: server.URL, AnyCertificate: true})
	if number, width, height := nextFrame(t, l); number != 7 || width != 320 || height != 240 {
		t.Errorf("frame %d of %dx%d", number, width, height)
	}
}
