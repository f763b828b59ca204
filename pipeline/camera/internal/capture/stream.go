package capture

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"corallite/internal/libav"
	"corallite/internal/reconnect"
	"corallite/internal/yuv"
)

// streamInput is an address that ffmpeg's libraries read.
type streamInput struct {
	ctx    context.Context
	box    *box
	reader *libav.Reader
	o      Options
	video  libav.Stream
	clock  streamClock
	paced  bool // the data comes in bursts, or as fast as possible: pictures are waited for until they are due
	lost   int  // packets that could not be decoded so far
	sound  streamSound
	alone  bool // the pictures are all that is read, so that some can be passed over at once
	passed int  // pictures since the last offer that were passed over at once
}

func openStream(ctx context.Context, b *box, o Options) (input, error) {
	u, err := url.Parse(o.Target)
	if err != nil {
		return nil, reconnect.Permanent(errors.New("invalid address"))
	}
	if o.User != "" || o.Password != "" {
		u.User = url.UserPassword(o.User, o.Password)
	}
	var failed []string
	for _, transport := range o.transports(u.Scheme) {
		s := &streamInput{ctx: ctx, box: b, o: o, video: libav.Stream{Index: -1}, sound: newStreamSound(o)}
		err := s.open(u, o, transport)
		if err == nil {
			if len(failed) > 0 {
				slog.Info("the camera is read by "+strings.ToUpper(transport), "because", strings.Join(failed, "; "))
			}
			return s, nil
		}
		reason := reasonOf(err, o)
		if !errors.Is(reason, errTransport) {
			return nil, reason
		}
		if transport == "" {
			return nil, reason
		}
		failed = append(failed, fmt.Sprintf("by %s: %v", strings.ToUpper(transport), reason))
	}
	return nil, errors.New(strings.Join(failed, "; "))
}

// transports are the transports of RTSP to try, in turn; "" is the one of an address that has no choice.
func (o Options) transports(scheme string) []string {
	switch {
	case scheme != "rtsp":
		return []string{""}
	case o.Transport == UDP || o.Transport == TCP:
		return []string{string(o.Transport)}
	case o.UDPFirst:
		return []string{string(UDP), string(TCP)}
	}
	return []string{string(TCP), string(UDP)}
}

// protocols are those that an address of a scheme may use. What a stream says must not make the library open anything
// else, such as a file.
var protocols = map[string]string{
	"http": "http,https,tls,tcp,crypto,httpproxy", "https": "http,https,tls,tcp,crypto,httpproxy",
	"rtsp": "rtp,srtp,udp,tcp", "rtsps": "rtp,srtp,tls,tcp",
	"rtmp": "rtmp,tcp", "rtmps": "rtmps,tls,tcp",
	"srt": "srt", "rtp": "rtp,srtp,udp", "udp": "udp", "tcp": "tcp", "mms": "mmsh,mmst,http,tcp",
}

// options are the library's options for an address.
func (o Options) options(scheme, transport string) map[string]string {
	all := maps.Clone(o.Options)
	if all == nil {
		all = map[string]string{}
	}
	all["protocol_whitelist"] = protocols[scheme]
	setDefault := func(name, value string) {
		if _, ok := all[name]; !ok {
			all[name] = value
		}
	}
	setDefault("fpsprobesize", "0") // ffmpeg would read twenty pictures to find the frame rate, which read measures anyway
	switch scheme {
	case "rtsp", "rtsps":
		if transport != "" {
			all["rtsp_transport"] = transport
		}
		all["allowed_media_types"] = o.media()
		setDefault("user_agent", userAgent)
	case "http", "https":
		setDefault("user_agent", userAgent)
		if scheme == "https" && !o.AnyCertificate {
			all["tls_verify"] = "1"
		}
		if o.Token != "" {
			all["headers"] += "Authorization: Bearer " + o.Token + "\r\n"
		}
	}
	return all
}

// media are the kinds of streams that an RTSP camera is asked for.
func (o Options) media() string {
	switch {
	case o.NoPictures:
		return "audio"
	case o.Sound || o.Packets:
		return "video+audio"
	}
	return "video"
}

func (s *streamInput) open(u *url.URL, o Options, transport string) error {
	if transport != "" {
		s.box.setNote("opening %s by %s", o.Shown, strings.ToUpper(transport))
	}
	reader, err := libav.OpenReader(s.ctx, u.String(), libav.ReaderOptions{
		Options: o.options(u.Scheme, transport), OpenTimeout: o.timeout(), LowDelay: true, Hardware: o.Hardware,
		Choose: s.choose, Packets: s.packet, Skip: s.skip,
	})
	if err != nil {
		return err
	}
	s.reader = reader
	switch kind, why := reader.Hardware(); {
	case kind != "":
		slog.Debug("the pictures are decoded by hardware", "kind", kind)
	case why != "":
		slog.Warn("the pictures are decoded on the CPU", "because", why)
	}
	if s.o.Packets {
		s.describe()
	}
	container := reader.Container()
	s.alone = reader.Alone(s.video.Index) && (!s.o.Packets || s.o.SoundOnly)
	s.paced = s.video.Duration > 0 || strings.Contains(container, "hls") || strings.Contains(container, "dash")
	return nil
}

// choose chooses the largest video stream, because many servers have a small one for previews beside it, and the first one of
// sound.
func (s *streamInput) choose(streams []libav.Stream) ([]libav.Choice, error) {
	var all []libav.Choice
	if !s.o.NoPictures {
		pictures := slices.DeleteFunc(slices.Clone(streams), func(v libav.Stream) bool { return v.Kind != libav.Video || v.Cover })
		if len(pictures) == 0 {
			return nil, errNoVideo
		}
		s.video = slices.MaxFunc(pictures, func(a, b libav.Stream) int { return a.Width*a.Height - b.Width*b.Height })
		all = append(all, libav.Choice{Stream: s.video.Index, Decode: true})
	}
	if !s.o.Sound && !s.o.Packets {
		return all, nil
	}
	why := "the stream has none"
	i := slices.IndexFunc(streams, func(v libav.Stream) bool { return v.Kind == libav.Sound })
	decode := s.o.Sound && i >= 0
	if decode && !streams[i].Decodable {
		decode, why = false, "ffmpeg's libraries have no decoder of "+streams[i].Codec
	}
	if decode && s.o.Channel > streams[i].Channels && streams[i].Channels > 0 {
		decode, why = false, s.sound.mixer.Begin(streams[i].Channels, streams[i].Rate).Error()
	}
	if i >= 0 && (decode || s.o.Packets) {
		all = append(all, libav.Choice{Stream: i, Decode: decode})
	}
	if decode {
		s.sound.index = i
		return all, nil
	}
	return all, s.box.noSound(s.o, why)
}

var errNoVideo = errors.New("the stream has no video")

// packet notes when a packet came, and hands it on where packets are wanted.
func (s *streamInput) packet(p libav.Packet) {
	if p.PTS != libav.NoTime {
		s.clock.arrived(int64(p.PTS), monotonic())
	}
	if s.o.Packets {
		s.hand(p)
	}
}

// skip reports whether the picture of a packet will be passed over.
func (s *streamInput) skip(p libav.Packet) bool {
	return p.Stream == s.video.Index && p.PTS != libav.NoTime && s.clock.known && !s.box.wanted(int64(p.PTS)+s.clock.offset)
}

func (s *streamInput) read(wanted func(captured int64) bool) (*offer, error) {
	s.passOver()
	frame, err := s.next()
	if lost, why := s.reader.Lost(); lost > s.lost {
		s.lost = lost
		s.box.isDamaged(why)
	}
	if err != nil {
		return nil, reasonOf(err, Options{})
	}
	defer frame.Release()
	captured := s.clock.captured(int64(frame.Time), monotonic())
	if !wanted(captured) {
		return nil, nil
	}
	picture, release, err := frame.Picture()
	if err != nil {
		return nil, damagedError{err}
	}
	passed := s.passed
	s.passed = 0
	return &offer{
		captured: captured, rate: s.video.FPS, passed: passed, release: release,
		write: func(reserve reserve) error { return writePlanes(picture, reserve) },
	}, nil
}

// clockChange is more than streamClock's offset changes in a moment.
const clockChange = int64(5 * time.Millisecond)

// passOver passes over pictures that were captured too early, if there are some.
func (s *streamInput) passOver() {
	from := s.box.early()
	if from == 0 || !s.alone || s.paced || !s.clock.known {
		return
	}
	until := time.Duration(from - s.clock.offset - clockChange)
	for range s.reader.Pass(s.video.Index, until, func(pts time.Duration, at int64) { s.clock.arrived(int64(pts), at) }) {
		s.passed++
		s.box.passOver()
	}
}

// next reads up to the next picture; sound before it goes into the feed. In a stream that comes in bursts both are waited for.
func (s *streamInput) next() (*libav.Frame, error) {
	for {
		frame, err := s.reader.Next()
		if err == nil && s.paced {
			if err = s.wait(frame.Time); err != nil {
				frame.Release()
			}
		}
		if err != nil {
			return nil, err
		}
		if frame.Stream == s.video.Index {
			return frame, nil
		}
		s.hear(frame)
		frame.Release()
	}
}

// writePlanes writes a picture without gaps.
func writePlanes(p yuv.Picture, reserve reserve) error {
	to, err := reserve(Form{Width: p.Width, Height: p.Height, Planes: true, Layout: p.Layout, Matrix: p.Matrix, Full: p.Full})
	if err != nil {
		return err
	}
	for i := range p.Layout.Planes() {
		row, rows := p.Layout.PlaneSize(i, p.Width, p.Height)
		for y := range rows {
			copy(to[:row], p.Data[i][y*p.Stride[i]:])
			to = to[row:]
		}
	}
	return nil
}

// wait waits until a picture of a stream that comes in bursts is due.
func (s *streamInput) wait(at time.Duration) error {
	due := s.clock.due(int64(at), monotonic())
	if due <= 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *streamInput) close() { _ = s.reader.Close() }
