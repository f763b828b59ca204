package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// ipCamera is an RTSP camera on loopback that sends vtest.avi as H.264, 1280x720, 30 pictures a second with 3 Mbit/s, a key
// frame every two seconds and no B-frames, as most cameras do.
type ipCamera struct {
	address string
	server  *gortsplib.Server
	stream  *gortsplib.ServerStream
	over    chan struct{}
	done    chan struct{}
}

const ipCameraRate = 30

func newIPCamera(video string) (*ipCamera, error) {
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", video, "-t", "20", "-vf", "scale=1280:720,fps="+strconv.Itoa(ipCameraRate), "-c:v", "libx264",
		"-preset", "veryfast", "-g", strconv.Itoa(2*ipCameraRate), "-bf", "0", "-b:v", "3M", "-maxrate", "3M", "-bufsize", "3M", "-pix_fmt", "yuv420p",
		"-x264-params", "slices=1:sliced-threads=0:scenecut=0", "-f", "h264", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	described := &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	var pictures [][][]byte
	var picture [][]byte
	for _, nal := range bytes.Split(out, []byte{0, 0, 1}) {
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) == 0 {
			continue
		}
		picture = append(picture, nal)
		switch nal[0] & 0x1f { // ITU-T H.264, table 7-1
		case 7:
			described.SPS = nal
		case 8:
			described.PPS = nal
		case 1, 5:
			pictures, picture = append(pictures, picture), nil
		}
	}
	encoder, err := described.CreateEncoder()
	if err != nil {
		return nil, err
	}
	c := &ipCamera{over: make(chan struct{}), done: make(chan struct{})}
	c.server = &gortsplib.Server{Handler: c, RTSPAddress: "127.0.0.1:0", WriteQueueSize: 1 << 12, Listen: func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err == nil {
			c.address = "rtsp://" + l.Addr().String() + "/street"
		}
		return l, err
	}}
	if err := c.server.Start(); err != nil {
		return nil, err
	}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{described}}
	c.stream = gortsplib.NewServerStream(c.server, &description.Session{Medias: []*description.Media{media}})
	go func() {
		defer close(c.done)
		began := time.Now()
		for n := 0; ; n++ {
			select {
			case <-c.over:
				return
			case <-time.After(time.Until(began.Add(time.Duration(n) * time.Second / ipCameraRate))):
			}
			packets, err := encoder.Encode(pictures[n%len(pictures)])
			if err != nil {
				return
			}
			for _, p := range packets {
				p.Timestamp = uint32(n * 90000 / ipCameraRate)
				_ = c.stream.WritePacketRTP(media, p) // a reader that is too slow loses packets
			}
		}
	}()
	return c, nil
}

func (c *ipCamera) close() {
	close(c.over)
	<-c.done
	c.stream.Close()
	c.server.Close()
}

func (c *ipCamera) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *ipCamera) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *ipCamera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// rtsp measures what the camera costs with fps: 5, all processes together, beside an older build.
func (s *setup) rtsp(long time.Duration) error {
	camera, err := newIPCamera(filepath.Join(s.data, "video", "vtest.avi"))
	if err != nil {
		return err
	}
	defer camera.close()
	programs := map[string]string{"Corallite": s.corallite}
	order := []string{"Corallite"}
	if s.before != "" {
		programs["build before"], order = s.before, append(order, "build before")
	}
	runs := map[string][]sample{}
	for range s.rounds {
		for _, name := range order {
			run, err := s.camera(programs[name], camera.address, long)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			runs[name] = append(runs[name], run)
		}
	}
	fmt.Printf("an RTSP camera, 1280x720 at 30 a second, fps: 5, MobileNet v1 0.25, %d runs of %v in turn%s\n", s.rounds, long, load())
	for _, name := range order {
		all := runs[name]
		least := all[0].cpu
		for _, v := range all {
			least = min(least, v.cpu)
		}
		fmt.Printf("  %-14s CPU %5.2f %% of a core (least %5.2f), %.1f events a second, memory %.0f MB\n", name,
			100*median(all, func(v sample) float64 { return v.cpu }), 100*least,
			median(all, func(v sample) float64 { return v.fps }), median(all, func(v sample) float64 { return v.peakMB }))
	}
	return nil
}

// camera runs a program on a camera. cpu is the CPU time per second after the start, fps the events per second.
func (s *setup) camera(program, address string, long time.Duration) (sample, error) {
	config := filepath.Join(s.work, "rtsp.yaml")
	text := fmt.Sprintf("models:\n  m: {path: %q, task: classify}\n"+
		"pipelines:\n  street:\n    source: {url: %q}\n    fps: 5\n    models: [m]\n    sinks: [jsonl: {}]\n",
		absolute(filepath.Join(s.data, "models", "mobilenet_v1_0.25_128_quant.tflite")), address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return sample{}, err
	}
	cmd := exec.Command(program, "run", "--log", "error", config)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it is stopped by a signal
	}()
	time.Sleep(3 * time.Second)
	before, _, err := family(cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	began, events := time.Now(), 0
	time.Sleep(long)
	after, peak, err := family(cmd.Process.Pid)
	if err != nil {
		return sample{}, fmt.Errorf("%w\n%s", err, problems.Bytes())
	}
	took := time.Since(began).Seconds()
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	if events = bytes.Count(out.Bytes(), []byte("\n")); events < 10 {
		return sample{}, fmt.Errorf("only %d events\n%s", events, problems.Bytes())
	}
	return sample{cpu: (after - before).Seconds() / took, fps: float64(events) / (took + 3), peakMB: peak}, nil
}

// family is the CPU time that a process and its children have used, and their peak memory in MB.
func family(pid int) (cpu time.Duration, peak float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	words := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(words) < 13 {
		return 0, 0, errors.New("/proc/PID/stat is cut")
	}
	for _, word := range words[11:13] { // utime and stime, in 1/100 s
		ticks, err := strconv.Atoi(word)
		if err != nil {
			return 0, 0, err
		}
		cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	if peak, err = memory(pid, "VmHWM:"); err != nil {
		return 0, 0, err
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, 0, err
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that ended
		}
		for _, child := range strings.Fields(string(children)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return 0, 0, err
			}
			if used, most, err := family(id); err == nil { // it may have ended
				cpu, peak = cpu+used, peak+most
			}
		}
	}
	return cpu, peak, nil
}
