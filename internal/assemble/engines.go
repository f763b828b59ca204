package assemble

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/control"
	"corallite/internal/devicepool"
	"corallite/internal/zone"
	"corallite/pipeline"
)

// maxEngines bounds how many engines of one model are opened by default: they share the
// model's weights, but each has working memory of its own.
const maxEngines = 4

// ModelRequest is a model to open.
type ModelRequest struct {
	Name     string // in events and messages
	Model    configs.Model
	Items    int          // how many items are to come; 0: many, or nobody knows
	Priority int          // where a device is shared
	Places   *zone.Config // which detections count, and where they are; nil: all do, nobody asks
	Pool     *devicepool.Pool

	Models map[string]configs.Model // of the configuration: some need others beside them (track.appearance)

	Threshold *control.Threshold // that may change, of a model on pictures; nil: the model's stays
	Control   *control.Pipeline  // that gets the threshold of a model on sound; nil: it stays

	Watch Watch // gets all scores of a model for sound; nil: nobody asks

	Logger *slog.Logger

	shapes devicepool.Shapes // of its inputs, where the file leaves them open; nil: it does not
}

// openEngines opens as many engines as serve best: engines of one thread side by side, one for each core, get more done
// than one engine of several threads, because no core waits for another at the end of every operator; and where other
// programs use the cores too, that waiting costs seconds. A few pictures are done before more engines are open: they get
// one, of several threads where nobody else wants the cores now. The results are the same to the bit. How the engines are
// closed is added to closers, also after an error.
func openEngines(ctx context.Context, r ModelRequest, model *delegate.Model, shapes [][]int, closers *closers) ([]pipeline.Engine, error) {
	cores := min(runtime.GOMAXPROCS(0), maxEngines)
	wanted := r.Model.Engines
	chosen := wanted == 0
	many := r.Items == 0 || r.Items > cores
	switch {
	case chosen && r.Model.Threads == 0 && many:
		wanted = cores
	case chosen:
		wanted = 1
		if r.Model.Threads == 0 && idle() {
			r.Model.Threads = cores
		}
	}
	segments, err := readSegments(r.Model.Segments)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, s := range segments {
			s.Close()
		}
	}()
	all, err := r.Pool.Open(ctx, devicepool.Request{
		Name: r.Name, Model: model, Segments: segments, Shapes: shapes, Choice: r.Model.Delegate, Device: r.Model.Device,
		Threads: r.Model.Threads, Engines: wanted, Spread: chosen && many, Priority: r.Priority, Isolate: r.Model.Isolate,
		Deadline: time.Duration(r.Model.Deadline * float64(time.Second)),
	})
	if err != nil {
		return nil, err
	}
	var engines []pipeline.Engine
	for _, e := range all {
		*closers = append(*closers, e.Close)
		engines = append(engines, e)
	}
	return engines, nil
}

// idle reports whether nothing but this program wants a processor at this moment, as far as the kernel tells (man
// proc_loadavg: the number of threads that run or wait to).
func idle() bool {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return false
	}
	return wantCPU(string(text)) == 1
}

// wantCPU is the number of threads that want a processor, the reader's included, of the text of /proc/loadavg; -1 where it
// is not there.
func wantCPU(loadavg string) int {
	words := strings.Fields(loadavg)
	if len(words) < 4 {
		return -1
	}
	running, _, _ := strings.Cut(words[3], "/")
	n, err := strconv.Atoi(running)
	if err != nil {
		return -1
	}
	return n
}

// readSegments reads a compiled model that is in parts.
func readSegments(paths []string) (_ []*delegate.Model, err error) {
	var all []*delegate.Model
	defer func() {
		if err != nil {
			for _, m := range all {
				m.Close()
			}
		}
	}()
	for _, path := range paths {
		m, err := delegate.Read(delegate.Files{EdgeTPU: path})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
