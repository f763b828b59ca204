package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/testdata"
	"corallite/internal/wyoming"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// wyomingServer serves four wake words until the benchmark ends, and returns its socket.
func wyomingServer(b *testing.B) (socket string) {
	b.Helper()
	store, err := models.Open(models.Options{Cache: b.TempDir(), Mirror: downloads(b), Downloads: downloads(b)})
	if err != nil {
		b.Fatal(err)
	}
	all := map[string]configs.Model{}
	for _, name := range listenModels {
		if _, err := store.Pull(b.Context(), name, nil); err != nil {
			b.Fatal(err)
		}
		if _, all[name], err = (configs.ModelSpec{Ref: name}).Find(store, vision.ReadLabels); err != nil {
			b.Fatal(err)
		}
	}
	socket = filepath.Join(b.TempDir(), "s")
	p := configs.Pipeline{Source: &wyoming.Config{URI: "unix://" + socket}, Models: listenModels}
	logger := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := app.Run(ctx, configs.One("voice", p, all), app.Options{Options: assemble.Options{Console: assemble.LogConsole(logger), Logger: logger}})
		done <- err
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return socket
		}
		select {
		case err := <-done:
			b.Fatal(err)
		default:
		}
		if time.Since(begin) > patience {
			b.Fatal("nobody listens")
		}
	}
}

// wyomingClient is a client that asks for one word.
type wyomingClient struct {
	net.Conn
	in *bufio.Reader
}

func dialWyoming(b *testing.B, socket, word string) *wyomingClient {
	c, err := net.Dial("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	w := &wyomingClient{c, bufio.NewReader(c)}
	w.send(b, "detect", fmt.Sprintf(`{"names": [%q]}`, word), nil)
	return w
}

func (c *wyomingClient) send(b *testing.B, kind, data string, payload []byte) {
	line := fmt.Appendf(nil, `{"type": %q, "data": %s, "payload_length": %d}`+"\n", kind, data, len(payload))
	if _, err := c.Write(append(line, payload...)); err != nil {
		b.Error(err)
	}
}

// next is the next event's type, and its data's timestamp.
func (c *wyomingClient) next() (kind string, timestamp int64, err error) {
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return "", 0, err
	}
	var h struct {
		Type   string
		Length int `json:"data_length"`
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return "", 0, err
	}
	data := make([]byte, h.Length)
	if _, err := io.ReadFull(c.in, data); err != nil {
		return "", 0, err
	}
	var d struct{ Timestamp int64 }
	if h.Length > 0 {
		err = json.Unmarshal(data, &d)
	}
	return h.Type, d.Timestamp, err
}

const wyomingSound = `{"rate": 16000, "width": 2, "channels": 1}`

// spokenWord is the samples of a recording with one word in it.
func spokenWord(b *testing.B) []byte {
	wav, err := os.ReadFile(testdata.Path(b, "speech/wakewords/okay_nabu-en-us.wav"))
	if err != nil {
		b.Fatal(err)
	}
	return wav[44:]
}

// BenchmarkWyomingConnections has 16 clients send a recording at once, each as fast as it is taken, and measures how many
// cores 16 clients need in real time, theirs included:
//
//	go test -run '^$' -bench Wyoming ./cmd/corallite
func BenchmarkWyomingConnections(b *testing.B) {
	const clients = 16
	samples, socket := spokenWord(b), wyomingServer(b)
	var all []*wyomingClient
	for range clients {
		all = append(all, dialWyoming(b, socket, "okay_nabu"))
	}
	words := 0
	hear := func() {
		var together sync.WaitGroup
		found := make([]int, clients)
		for i, c := range all {
			together.Go(func() {
				c.send(b, "audio-start", wyomingSound, nil)
				for piece := range slices.Chunk(samples, 2048) {
					c.send(b, "audio-chunk", wyomingSound, piece)
				}
				c.send(b, "audio-stop", "{}", nil)
				c.send(b, "ping", "{}", nil)
				for {
					kind, _, err := c.next()
					if err != nil || kind == "pong" {
						return
					}
					if kind == "detection" {
						found[i]++
					}
				}
			})
		}
		together.Wait()
		for _, n := range found {
			words += n
		}
	}
	hear() // opens the models
	words = 0
	before := processorTime(b)
	for b.Loop() {
		hear()
	}
	used := processorTime(b) - before
	b.ReportMetric(used.Seconds()/float64(b.N)/(float64(len(samples))/32000), "cores")
	b.ReportMetric(float64(words)/float64(b.N), "words/op")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWyomingHeard is BenchmarkHeard through the server: from the last sample that the model needed, as it is sent,
// until its detection has come.
func BenchmarkWyomingHeard(b *testing.B) {
	samples, c := spokenWord(b), dialWyoming(b, wyomingServer(b), "okay_nabu")
	const piece = 320
	var late []time.Duration
	for b.Loop() {
		begin := time.Now()
		var sent []time.Time
		var mu sync.Mutex
		c.send(b, "audio-start", wyomingSound, nil)
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			for {
				kind, at, err := c.next()
				now := time.Now()
				if err != nil || kind != "detection" {
					return
				}
				mu.Lock()
				late = append(late, now.Sub(sent[min(int(at+9)/10, len(sent))-1]))
				mu.Unlock()
			}
		}()
		for at := 0; at+piece <= len(samples); at += piece {
			time.Sleep(time.Until(begin.Add(time.Duration(at/piece) * 10 * time.Millisecond)))
			mu.Lock()
			sent = append(sent, time.Now())
			mu.Unlock()
			c.send(b, "audio-chunk", wyomingSound, samples[at:at+piece])
		}
		c.send(b, "audio-stop", "{}", nil)
		c.send(b, "ping", "{}", nil)
		<-heard
	}
	if len(late) == 0 {
		b.Fatal("no word was heard")
	}
	slices.Sort(late)
	ms := func(q int) float64 { return pipeline.Milliseconds(late[(len(late)-1)*q/100]) }
	b.ReportMetric(ms(50), "p50-ms")
	b.ReportMetric(ms(95), "p95-ms")
	b.ReportMetric(float64(len(late))/float64(b.N), "words/op")
}
