package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"gocv.io/x/gocv"
)

// webcam is an HTTP MJPEG camera on loopback that notes when it sends each picture.
type webcam struct {
	address  string
	server   http.Server
	pictures [][]byte
	step     time.Duration

	mu   sync.Mutex
	sent []time.Time // of each picture's first byte
}

func newWebcam(pictures [][]byte, fps float64) (*webcam, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &webcam{address: "http://" + listener.Addr().String(), pictures: pictures, step: time.Duration(float64(time.Second) / fps)}
	w.server.Handler = w
	go w.server.Serve(listener) // its error is that of Close
	return w, nil
}

func (w *webcam) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=picture")
	flush := http.NewResponseController(out).Flush
	began := time.Now()
	for n := 0; r.Context().Err() == nil; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * w.step)))
		picture := w.pictures[n%len(w.pictures)]
		w.mu.Lock()
		w.sent = append(w.sent, time.Now())
		w.mu.Unlock()
		_, err := fmt.Fprintf(out, "--picture\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture)
		if err = errors.Join(err, flush()); err != nil {
			return
		}
	}
}

// sentAt is when the picture was sent that was captured at a moment, which an event gives in whole milliseconds: the last
// one before it, because a picture is on its way for much less than the camera's step.
func (w *webcam) sentAt(captured time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, _ := slices.BinarySearchFunc(w.sent, captured.Add(time.Millisecond), time.Time.Compare)
	if i == 0 {
		return time.Time{}, false
	}
	return w.sent[i-1], true
}

// frames are the first pictures of a video as JPEG.
func frames(video string, count int) (pictures [][]byte, err error) {
	v, err := gocv.VideoCaptureFile(video)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	m := gocv.NewMat()
	defer m.Close()
	for range count {
		if !v.Read(&m) {
			return nil, fmt.Errorf("%s has less than %d frames", video, count)
		}
		picture, err := gocv.IMEncode(gocv.JPEGFileExt, m)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, slices.Clone(picture.GetBytes()))
		picture.Close()
	}
	return pictures, nil
}

// watched is a run of corallite on a camera.
type watched struct {
	reported, dropped float64
	cpu               time.Duration // of all its processes, from start to end
}

// watch runs corallite on a camera for some seconds. line gets each event as it comes, begun is called once, after the
// first one.
func (s *setup) watch(camera *webcam, sinks string, long time.Duration, begun func(), line func([]byte, time.Time)) (w watched, err error) {
	config, summary := filepath.Join(s.work, "live.yaml"), filepath.Join(s.work, "live.json")
	text := fmt.Sprintf("models:\n  coco: {path: %q, task: detect, score_threshold: 0.5}\n"+
		"pipelines:\n  live:\n    source: {url: %q}\n    models: [coco]\n    sinks: [jsonl: {}%s]\n", absolute(s.model()), camera.address, sinks)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return w, err
	}
	cmd := exec.Command(s.corallite, "run", "--log", "error", "--summary", summary, config)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		return w, err
	}
	if err := cmd.Start(); err != nil {
		return w, err
	}
	var stop *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line(lines.Bytes(), time.Now())
		if stop == nil {
			stop = time.AfterFunc(long, func() { _ = cmd.Process.Signal(syscall.SIGINT) }) // it may have ended
			begun()
		}
	}
	if err := cmd.Wait(); err != nil {
		return w, fmt.Errorf("%w\n%s", err, problems.Bytes())
	}
	w.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() // with its children's
	var told struct {
		Pipelines map[string]struct{ Frames, Dropped float64 }
	}
	data, err := os.ReadFile(summary)
	if err == nil {
		err = json.Unmarshal(data, &told)
	}
	w.reported, w.dropped = told.Pipelines["live"].Frames, told.Pipelines["live"].Dropped
	return w, err
}

// age measures how long it takes from the moment a camera sends a picture's first byte to the event's arrival on the
// standard output, at the camera's rate.
func (s *setup) age(long time.Duration) error {
	pictures, err := frames(filepath.Join(s.data, "video", "vtest.avi"), 100)
	if err != nil {
		return err
	}
	camera, err := newWebcam(pictures, 25)
	if err != nil {
		return err
	}
	defer camera.server.Close()
	var ages, runs, beyond []float64
	n := 0
	w, err := s.watch(camera, "", long, func() {}, func(text []byte, now time.Time) {
		var ev struct {
			Time    time.Time
			Latency struct{ Invoke float64 } `json:"latency_ms"`
		}
		if n++; n <= 25 || json.Unmarshal(text, &ev) != nil { // the first second warms up
			return
		}
		if sent, ok := camera.sentAt(ev.Time); ok {
			age := now.Sub(sent).Seconds() * 1000
			ages, runs, beyond = append(ages, age), append(runs, ev.Latency.Invoke), append(beyond, age-ev.Latency.Invoke)
		}
	})
	if err != nil {
		return err
	}
	if len(ages) == 0 {
		return errors.New("no events")
	}
	fmt.Printf("an HTTP camera of 25 frames a second, 768x576, SSD MobileNet v1: %d events, %.0f frames dropped\n", len(ages), w.dropped)
	for _, r := range []struct {
		name   string
		values []float64
	}{{"sent to event, ms", ages}, {"inference, ms", runs}, {"the rest, ms", beyond}} {
		slices.Sort(r.values)
		at := func(percent int) float64 { return r.values[(len(r.values)-1)*percent/100] }
		fmt.Printf("  %-20s p50 %6.2f   p95 %6.2f\n", r.name, at(50), at(95))
	}
	return nil
}

// preview measures what a page with one viewer costs at 30 pictures a second of 1280x720: the CPU time of runs with it
// and without it in turn, beside what encoding the pictures takes.
func (s *setup) preview(long time.Duration) error {
	file := filepath.Join(s.data, "images", "cat_720p.jpg")
	picture, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var with, without []sample
	for range s.rounds {
		for _, seen := range []bool{false, true} {
			cost, err := s.cost([][]byte{picture}, seen, long)
			if err != nil {
				return err
			}
			if seen {
				with = append(with, cost)
			} else {
				without = append(without, cost)
			}
		}
	}
	encoder, err := encoding(file)
	if err != nil {
		return err
	}
	perFrame := func(v sample) float64 { return v.seconds }
	a, b := median(with, perFrame)*1000, median(without, perFrame)*1000
	fmt.Printf("preview of 1280x720 at 30 pictures a second, one viewer, median of %d runs of %v in turn\n", s.rounds, long)
	fmt.Printf("  %-20s %6.2f with the page, %.2f without\n", "CPU ms a frame", a, b)
	fmt.Printf("  %-20s %6.2f, of which the encoder %.2f\n", "the page, ms", a-b, encoder)
	fmt.Printf("  %-20s %6.1f %% of a core beside the encoder\n", "at 30 a second", 100*30*(a-b-encoder)/1000)
	return nil
}

// cost is the CPU time of a run by its frames, with a viewer of the page or without a page.
func (s *setup) cost(pictures [][]byte, seen bool, long time.Duration) (sample, error) {
	camera, err := newWebcam(pictures, 30)
	if err != nil {
		return sample{}, err
	}
	defer camera.server.Close()
	page, err := net.Listen("tcp", "127.0.0.1:0") // for a port that is free
	if err != nil {
		return sample{}, err
	}
	address := page.Addr().String()
	page.Close()
	sinks, begun := "", func() {}
	viewed := make(chan error, 1)
	if seen {
		sinks = fmt.Sprintf(", preview: {listen: %q}", address)
		begun = func() { go func() { viewed <- view("http://" + address + "/stream/live.mjpg") }() }
	}
	w, err := s.watch(camera, sinks, long, begun, func([]byte, time.Time) {})
	if err == nil && seen {
		err = <-viewed
	}
	if err == nil && w.reported == 0 {
		err = errors.New("no frames")
	}
	return sample{seconds: w.cpu.Seconds() / w.reported}, err
}

// view looks at a stream until it ends.
func view(address string) error {
	answer, err := http.Get(address)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if n == 0 {
		return fmt.Errorf("the page showed nothing (%s, %w)", answer.Status, err)
	}
	return nil // cut off when the run ends
}

// encoding is the CPU time that encoding a picture takes, in milliseconds: by OpenCV, whose libjpeg-turbo is the
// preview's.
func encoding(file string) (float64, error) {
	m := gocv.IMRead(file, gocv.IMReadColor)
	defer m.Close()
	const rounds = 200
	before, err := used()
	if err != nil {
		return 0, err
	}
	for range rounds {
		picture, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, m, []int{gocv.IMWriteJpegQuality, 80})
		if err != nil {
			return 0, err
		}
		picture.Close()
	}
	after, err := used()
	return (after - before).Seconds() * 1000 / rounds, err
}

// used is the CPU time of this process so far.
func used() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
