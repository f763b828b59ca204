package capture

import (
	"context"
	"errors"
	"net/url"
	"os"

	"gocv.io/x/gocv"

	"corallite/internal/reconnect"
)

// streamInput is an address that OpenCV reads with ffmpeg. It is reopened when the size of its pictures changes.
type streamInput struct {
	*videoInput
	ctx    context.Context
	frames *frameSlots
	o      Options
	proxy  *rtspProxy // nil: none
}

func openStream(ctx context.Context, b *frameSlots, o Options) (input, error) {
	s := &streamInput{ctx: ctx, frames: b, o: o}
	if err := s.open(dimensions{}); err != nil {
		return nil, err
	}
	return s, nil
}

// open opens the address. after is the size to which the stream has just changed; zero: none.
func (s *streamInput) open(after dimensions) error {
	u, err := url.Parse(s.o.Target)
	if err != nil {
		return reconnect.Permanent(errors.New("invalid address"))
	}
	if s.o.User != "" || s.o.Password != "" {
		u.User = url.UserPassword(s.o.User, s.o.Password)
	}
	// The proxy handles TCP only, which the user may have changed.
	if u.Scheme == "rtsp" && !s.o.Direct && os.Getenv(ffmpegOptions) == ourOptions {
		if proxy, err := newRTSPProxy(u, after); err == nil {
			through := *u
			s.proxy, through.Host = proxy, proxy.address()
			if err = s.openAt(through); err == nil {
				return nil
			}
			s.closeProxy()
			if err = s.reason(err); !errors.Is(err, errUnreadable) {
				return err
			}
		}
		// Some cameras respond only under their own address.
	}
	return s.reason(s.openAt(*u))
}

// openAt opens the address of the camera or of the proxy.
func (s *streamInput) openAt(u url.URL) (err error) {
	if s.videoInput, err = openVideo(u.String(), gocv.VideoCaptureFFmpeg); err == nil {
		s.fps = s.capture.Get(gocv.VideoCaptureFPS)
	}
	return err
}

// reason asks the camera about an error that OpenCV does not explain.
func (s *streamInput) reason(err error) error {
	if errors.Is(err, errNotOpened) {
		return explain(s.ctx, s.o)
	}
	return err
}

func (s *streamInput) read(reserve reserve) (int64, error) {
	captured, err := s.videoInput.read(reserve)
	if err == nil || s.proxy == nil {
		return captured, err
	}
	size, resized := s.proxy.resized()
	if !resized {
		return 0, err
	}
	s.close()
	s.frames.setNote("the pictures of %s change to %dx%d; reopening", s.o.Shown, size.width, size.height)
	if err := s.open(size); err != nil {
		return 0, err
	}
	return s.videoInput.read(reserve)
}

// close closes the capture before the proxy, so that the camera is told.
func (s *streamInput) close() {
	if s.videoInput != nil {
		s.videoInput.close()
	}
	s.videoInput = nil
	s.closeProxy()
}

func (s *streamInput) closeProxy() {
	if s.proxy != nil {
		s.proxy.close()
	}
	s.proxy = nil
}
