package capture

import (
	"context"
	"errors"
	"net/url"
	"os"

	"gocv.io/x/gocv"

	"corallite/internal/reconnect"
)

// streamInput is an address that OpenCV reads with ffmpeg. One that changes its size is opened anew.
type streamInput struct {
	*videoInput
	ctx   context.Context
	board *board
	o     Options
	relay *relay // nil: none
}

func openStream(ctx context.Context, b *board, o Options) (input, error) {
	s := &streamInput{ctx: ctx, board: b, o: o}
	if err := s.open(dimensions{}); err != nil {
		return nil, err
	}
	return s, nil
}

// open opens the address. after is the size to which it has just changed; the zero one: none.
func (s *streamInput) open(after dimensions) error {
	u, err := url.Parse(s.o.Target)
	if err != nil {
		return reconnect.Permanent(errors.New("the address cannot be read"))
	}
	if s.o.User != "" || s.o.Password != "" {
		u.User = url.UserPassword(s.o.User, s.o.Password)
	}
	// Over TCP only, which a user may have changed, the pictures pass through the relay.
	if u.Scheme == "rtsp" && !s.o.Direct && os.Getenv(ffmpegOptions) == ourOptions {
		if relay, err := newRelay(u, after); err == nil {
			through := *u
			s.relay, through.Host = relay, relay.address()
			if err = s.openAt(through); err == nil {
				return nil
			}
			s.closeRelay()
			if err = s.reason(err); !errors.Is(err, errUnreadable) {
				return err
			}
		}
		// A camera that answers only under its own address is read without.
	}
	return s.reason(s.openAt(*u))
}

// openAt opens an address, which is the camera's or the relay's.
func (s *streamInput) openAt(u url.URL) (err error) {
	if s.videoInput, err = openVideo(u.String(), gocv.VideoCaptureFFmpeg); err == nil {
		s.fps = s.capture.Get(gocv.VideoCaptureFPS)
	}
	return err
}

// reason is what the camera says about an error of which OpenCV says nothing.
func (s *streamInput) reason(err error) error {
	if errors.Is(err, errNotOpened) {
		return whyNot(s.ctx, s.o)
	}
	return err
}

func (s *streamInput) read(reserve reserve) (int64, error) {
	captured, err := s.videoInput.read(reserve)
	if err == nil || s.relay == nil {
		return captured, err
	}
	size, resized := s.relay.resized()
	if !resized {
		return 0, err
	}
	s.close()
	s.board.say("%s changes its pictures to %dx%d, for which it is opened again", s.o.Shown, size.width, size.height)
	if err := s.open(size); err != nil {
		return 0, err
	}
	return s.videoInput.read(reserve)
}

// close closes the capture first, which tells the camera so.
func (s *streamInput) close() {
	if s.videoInput != nil {
		s.videoInput.close()
	}
	s.videoInput = nil
	s.closeRelay()
}

func (s *streamInput) closeRelay() {
	if s.relay != nil {
		s.relay.close()
	}
	s.relay = nil
}
