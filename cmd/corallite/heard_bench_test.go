package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"corallite/configs"
	"corallite/internal/assemble"
	"corallite/internal/devicepool"
	"corallite/internal/testdata"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
	"corallite/pipeline/vision"
)

// BenchmarkHeard plays a wake word in real time, 10 ms at a time as a microphone gives it, and measures how long after
// the last sample that the model needed its event comes. One iteration takes as long as the recording, 2.3 s:
//
//	go test -run '^$' -bench Heard -benchtime 20x ./cmd/corallite
//
// What a microphone adds is its own buffer.
func BenchmarkHeard(b *testing.B) {
	wav, err := os.ReadFile(testdata.Path(b, "speech/wakewords/okay_nabu-en-us.wav"))
	if err != nil {
		b.Fatal(err)
	}
	const rate, piece, head = 16000, 160 * 2, 44
	samples := wav[head:]

	store, err := models.Open(models.Options{Cache: b.TempDir(), Mirror: downloads(b), Downloads: downloads(b)})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := store.Pull(b.Context(), "okay_nabu", nil); err != nil {
		b.Fatal(err)
	}
	name, m, err := configs.ModelSpec{Ref: "okay_nabu"}.Find(store, vision.ReadLabels)
	if err != nil {
		b.Fatal(err)
	}
	tpus, err := devicepool.New(context.Background(), devicepool.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer tpus.Close()
	e, err := assemble.OpenAudioModels(b.Context(), []assemble.ModelRequest{{Name: name, Model: m, Pool: tpus}}, false)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	read, write := io.Pipe()
	source, err := mic.NewPCM(mic.PCMOptions{Reader: read, Format: "s16le", SourceRate: rate, Rate: rate, Live: true})
	if err != nil {
		b.Fatal(err)
	}
	k := &keptTimes{}
	s := &pipeline.Stream[*audio.Chunk]{
		Name: "heard", Source: audio.Prepare(source, e.Stages...), Models: e.Models, Sinks: []pipeline.NamedSink{{Sink: k}},
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(b.Context())
		done <- err
	}()
	next := time.Now()
	for b.Loop() {
		for at := 0; at < len(samples); at += piece {
			next = next.Add(10 * time.Millisecond)
			time.Sleep(time.Until(next))
			k.given(len(samples[at:min(at+piece, len(samples))]) / 2)
			if _, err := write.Write(samples[at:min(at+piece, len(samples))]); err != nil {
				b.Fatal(err)
			}
		}
	}
	write.Close()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	slices.Sort(k.late)
	if len(k.late) == 0 {
		b.Fatal("no word was heard")
	}
	ms := func(q int) float64 { return pipeline.Milliseconds(k.late[(len(k.late)-1)*q/100]) }
	b.ReportMetric(ms(50), "p50-ms")
	b.ReportMetric(ms(95), "p95-ms")
	b.ReportMetric(float64(len(k.late))/float64(b.N), "words/op")
}

// keptTimes is a sink that knows when each sample was given.
type keptTimes struct {
	mu   sync.Mutex
	when []time.Time // of each 10 ms
	ends []int       // the number of samples given by then
	late []time.Duration
}

func (k *keptTimes) given(samples int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.ends); n > 0 {
		samples += k.ends[n-1]
	}
	k.when, k.ends = append(k.when, time.Now()), append(k.ends, samples)
}

func (k *keptTimes) Consume(_ context.Context, r pipeline.Report) error {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, ev := range r.Events {
		for _, w := range ev.Keywords {
			end := int(w.EndS*16000 + 0.5)
			i, _ := slices.BinarySearch(k.ends, end)
			k.late = append(k.late, now.Sub(k.when[min(i, len(k.when)-1)]))
		}
	}
	return nil
}

func (k *keptTimes) Lossless() bool { return false }
func (k *keptTimes) Close() error   { return nil }
