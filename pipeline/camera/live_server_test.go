package camera

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline/vision"
)

// long is for what must happen; it only keeps a failing test from hanging.
const long = 30 * time.Second

// sceneFrames is how many frames of vtest.avi the servers of the tests show, over and over.
const sceneFrames = 24

// scene are frames of vtest.avi, each with its own number in it, as JPEG in a size.
func scene(tb testing.TB, width, height int) [][]byte {
	tb.Helper()
	testdata.Path(tb, "video/vtest.avi")
	key := image.Pt(width, height)
	if all, ok := scenes.Load(key); ok {
		return all.([][]byte)
	}
	v := openVideo(tb, testdata.Path(tb, "video/vtest.avi"))
	defer v.Close()
	var all [][]byte
	for i := range sceneFrames {
		f, err := v.Next(context.Background())
		if err != nil {
			tb.Fatal(err)
		}
		picture := gocv.NewMat()
		from := f.Mat()
		gocv.Resize(from, &picture, key, 0, 0, gocv.InterpolationArea)
		f.Release()
		mark(&picture, i)
		encoded, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, picture, []int{gocv.IMWriteJpegQuality, 80})
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, bytes.Clone(encoded.GetBytes()))
		encoded.Close()
		picture.Close()
	}
	scenes.Store(key, all)
	return all
}

var scenes sync.Map

// A number stands in the upper left corner of a frame, bit by bit, in squares that JPEG keeps.
const (
	markBits = 5
	markSide = 16
)

func mark(picture *gocv.Mat, number int) {
	for bit := range markBits {
		grey := uint8(255 * (number >> bit & 1))
		square := picture.Region(image.Rect(bit*markSide, 0, (bit+1)*markSide, markSide))
		square.SetTo(gocv.NewScalar(float64(grey), float64(grey), float64(grey), 0))
		square.Close()
	}
}

// marked is the number in a frame.
func marked(f *vision.Frame) int {
	number := 0
	for bit := range markBits {
		if at(f, bit*markSide+markSide/2, markSide/2)[1] > 127 {
			number |= 1 << bit
		}
	}
	return number
}

// webcam is an HTTP server that behaves as badly as it is told: "/stream" is MJPEG, "/snapshot" single pictures.
type webcam struct {
	tb      testing.TB
	address string
	user    string
	secret  string
	rate    time.Duration
	shown   atomic.Pointer[[][]byte]
	frozen  atomic.Bool // accepts and sends nothing
	garbage atomic.Bool // sends what is no picture
	sent    atomic.Int64
	served  atomic.Int64 // requests that were answered with pictures

	mu     sync.Mutex
	server *http.Server
	over   chan struct{} // closed when the server is
}

func newWebcam(tb testing.TB, width, height int) *webcam {
	tb.Helper()
	w := &webcam{tb: tb, address: "127.0.0.1:0", rate: 20 * time.Millisecond}
	w.show(width, height)
	w.start()
	tb.Cleanup(w.kill)
	return w
}

func (w *webcam) show(width, height int) {
	pictures := scene(w.tb, width, height)
	w.shown.Store(&pictures)
}

func (w *webcam) start() {
	w.tb.Helper()
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.address = listener.Addr().String()
	handler := http.NewServeMux()
	handler.HandleFunc("/stream", w.stream)
	handler.HandleFunc("/snapshot", w.snapshot)
	handler.HandleFunc("/page", func(r http.ResponseWriter, _ *http.Request) { fmt.Fprint(r, "<html>a page</html>") })
	w.mu.Lock()
	w.server, w.over = &http.Server{Handler: handler}, make(chan struct{})
	server := w.server
	w.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

// kill ends the server and all its connections.
func (w *webcam) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil {
		close(w.over)
		_ = w.server.Close()
		w.server = nil
	}
}

// protect lets in only who knows the secret.
func (w *webcam) protect(user, secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.user, w.secret = user, secret
}

func (w *webcam) url(path string) string { return "http://" + w.address + path }

func (w *webcam) ending() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// next is the picture to send now; nil: none is to be sent, as the request is over.
func (w *webcam) next(r *http.Request, over <-chan struct{}) []byte {
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-over:
			return nil
		case <-time.After(w.rate):
		}
		if w.frozen.Load() {
			continue
		}
		pictures := *w.shown.Load()
		return pictures[int(w.sent.Add(1)-1)%len(pictures)]
	}
}

func (w *webcam) stream(out http.ResponseWriter, r *http.Request) {
	if !w.allowed(out, r) {
		return
	}
	w.served.Add(1)
	over := w.ending()
	out.Header().Set("Content-Type", `multipart/x-mixed-replace; boundary="--frontier"`)
	for {
		picture := w.next(r, over)
		if picture == nil {
			return
		}
		if w.garbage.Load() {
			picture = bytes.Repeat([]byte("no picture\x00\xff\n"), 500)
		}
		if _, err := fmt.Fprintf(out, "--frontier\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture); err != nil {
			return
		}
		out.(http.Flusher).Flush()
	}
}

func (w *webcam) snapshot(out http.ResponseWriter, r *http.Request) {
	if !w.allowed(out, r) {
		return
	}
	w.served.Add(1)
	if picture := w.next(r, w.ending()); picture != nil {
		out.Header().Set("Content-Type", "image/jpeg")
		_, _ = out.Write(picture)
	}
}

// allowed is Digest authentication with MD5, as most cameras have it, calculated here by RFC 7616's formula.
func (w *webcam) allowed(out http.ResponseWriter, r *http.Request) bool {
	w.mu.Lock()
	user, secret := w.user, w.secret
	w.mu.Unlock()
	if user == "" {
		return true
	}
	sum := func(s string) string {
		h := md5.Sum([]byte(s))
		return hex.EncodeToString(h[:])
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = strings.Trim(value, `"`)
	}
	want := sum(strings.Join([]string{
		sum(user + ":cameras:" + secret), "a nonce", fields["nc"], fields["cnonce"], "auth", sum("GET:" + r.URL.RequestURI()),
	}, ":"))
	if fields["response"] == want && fields["username"] == user {
		return true
	}
	out.Header().Set("WWW-Authenticate", `Digest realm="cameras", qop="auth", nonce="a nonce"`)
	out.WriteHeader(http.StatusUnauthorized)
	return false
}

// journal keeps what is logged.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// count is how many lines have a text.
func (j *journal) count(text string) int {
	n := 0
	for line := range strings.SplitSeq(j.String(), "\n") {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// opened is a live source with quick deadlines, closed with the test, and its log, printed when the test fails.
func opened(tb testing.TB, o LiveOptions) (*Live, *journal) {
	tb.Helper()
	log := new(journal)
	if o.Logger == nil {
		o.Logger = log.logger()
	}
	if o.Backoff.First == 0 {
		o.Backoff.First, o.Backoff.Max = 20*time.Millisecond, 200*time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	l, err := NewLive(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
		if n := l.pool.Outstanding(); n != 0 {
			tb.Errorf("%d frames were not released", n)
		}
		if tb.Failed() {
			tb.Logf("log:\n%s", log)
		}
	})
	return l, log
}

// nextFrame is the next frame, released at once; its number and size.
func nextFrame(tb testing.TB, l *Live) (number, width, height int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	f, err := l.Next(ctx)
	if err != nil {
		tb.Fatalf("Next: %v; %+v", err, l.Stats())
	}
	defer f.Release()
	return marked(f), f.Width(), f.Height()
}

// nextUntil takes frames until the condition holds.
func nextUntil(tb testing.TB, l *Live, what string, holds func(width, height int) bool) {
	tb.Helper()
	var w, h int
	for deadline := time.Now().Add(long); time.Now().Before(deadline); {
		if _, w, h = nextFrame(tb, l); holds(w, h) {
			return
		}
	}
	tb.Fatalf("not in time: %s; the last frame has %dx%d; %+v", what, w, h, l.Stats())
}

// children are the process ids of this process's children.
func children(tb testing.TB) []int {
	tb.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		tb.Fatal(err)
	}
	var all []int
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			tb.Skipf("the kernel does not list children: %v", err)
		}
		for field := range strings.FieldsSeq(string(list)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, pid)
		}
	}
	return all
}

func descriptors(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(entries)
}

// sameAfter fails the test when descriptors, goroutines or children are more at its end than now.
func sameAfter(tb testing.TB) {
	tb.Helper()
	scene(tb, 320, 240) // OpenCV opens what it keeps
	files, routines, processes := descriptors(tb), runtime.NumGoroutine(), len(children(tb))
	tb.Cleanup(func() {
		var f, r, p int
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if f, r, p = descriptors(tb), runtime.NumGoroutine(), len(children(tb)); f <= files && r <= routines && p <= processes {
				return
			}
		}
		tb.Errorf("descriptors: %d, before %d; goroutines: %d, before %d; children: %d, before %d", f, files, r, routines, p, processes)
	})
}

func contains(tb testing.TB, text, want string) {
	tb.Helper()
	if !strings.Contains(text, want) {
		tb.Errorf("got  %s\nwant …%s…", text, want)
	}
}
