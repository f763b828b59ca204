package worker

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"corallite/delegate"
	"corallite/internal/choice"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// maxTimes is how many times of runs are kept of each engine: enough for any percentile, and bounded.
const maxTimes = 50000

// timed is the model that is measured.
type timed struct {
	setup   askSetup
	engines []delegate.Engine
	before  int64 // memory of the process without the model
}

func serveTimes(c *isolate.Child) error {
	t := &timed{}
	if err := json.Unmarshal(c.Setup, &t.setup); err != nil {
		return err
	}
	defer t.close()
	return c.Serve(func(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
		if len(shared) == 0 {
			return 0, errors.New("memory for the answer was expected")
		}
		last := shared[len(shared)-1]
		answer, err := t.answer(request, shared[:len(shared)-1])
		var text []byte
		if err == nil {
			text, err = json.Marshal(answer)
		}
		if err == nil && len(text) > len(last.Bytes()) {
			err = errors.New("the answer is too long")
		}
		if err == nil {
			copy(last.Bytes(), text)
		}
		for _, m := range shared {
			if e := m.Close(); e != nil {
				return 0, e
			}
		}
		if err != nil {
			return answered(reply, err)
		}
		putReply(reply, statusOK, 0)
		return replySize + copy(reply[replySize:], appendCount(nil, len(text))), nil
	})
}

func (t *timed) close() {
	for _, e := range t.engines {
		_ = e.Close() // the process ends
	}
}

func (t *timed) answer(request []byte, shared []*isolate.Memory) (any, error) {
	var r timerRequest
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, err
	}
	switch {
	case r.Open != nil && len(shared) == 1 && r.Open.Bytes >= 0 && r.Open.Bytes <= len(shared[0].Bytes()) && t.engines == nil:
		return t.open(r.Open, shared[0].Bytes()[:r.Open.Bytes])
	case r.Run != nil && len(t.engines) > 0:
		return t.run(r.Run)
	}
	return nil, errors.New("a model or a time to run was expected")
}

func (t *timed) open(o *timerOpen, model []byte) (opened Opened, err error) {
	debug.FreeOSMemory()
	t.before, _ = processMemory()
	began := time.Now()
	m, err := delegate.ReadBytes(o.Path, model)
	if err != nil {
		return opened, err
	}
	defer m.Close()
	if err := m.Select(o.Signature); err != nil {
		return opened, err
	}
	t.engines, err = m.Open(context.Background(), delegate.Options{
		Choice: choice.Choice{t.setup.Item}, Device: t.setup.Device, EdgeTPULibrary: t.setup.Library, Shapes: o.Shapes,
		Threads: o.Threads, Profile: o.Profile, Queue: true,
	}, max(o.Engines, 1))
	if err != nil {
		return opened, err
	}
	opened.Load, opened.Device, opened.Engines, opened.Threads = time.Since(began), t.engines[0].Device().Name, len(t.engines), max(o.Threads, 1)
	for i, e := range t.engines {
		if err := fillWithZeros(e); err != nil {
			return opened, err
		}
		began = time.Now()
		if err := e.Invoke(context.Background()); err != nil {
			return opened, err
		}
		if i == 0 {
			opened.First = time.Since(began)
		}
	}
	t.times() // without those of the first runs
	return opened, nil
}

func (t *timed) run(r *timerRun) (Timed, error) {
	all := make([][]time.Duration, len(t.engines))
	counts, errs := make([]int, len(t.engines)), make([]error, len(t.engines))
	var done sync.WaitGroup
	cpu := processorTime()
	began := time.Now()
	until := began.Add(time.Duration(r.Seconds * float64(time.Second)))
	for i, e := range t.engines {
		done.Go(func() {
			for counts[i] < r.Runs || time.Now().Before(until) {
				at := time.Now()
				if errs[i] = e.Invoke(context.Background()); errs[i] != nil {
					return
				}
				if took := time.Since(at); r.Keep && counts[i] < maxTimes {
					all[i] = append(all[i], took)
				}
				counts[i]++
			}
		})
	}
	done.Wait()
	result := Timed{Elapsed: time.Since(began), CPU: processorTime() - cpu, Times: t.times()}
	for i := range all {
		result.Runs = append(result.Runs, all[i]...)
		result.Count += counts[i]
	}
	if now, _ := processMemory(); t.before > 0 {
		result.Grown = max(now-t.before, 0)
	}
	return result, errors.Join(errs...)
}

// times are those of the first engine's operators; nil: nobody asked, or its delegate does not tell.
func (t *timed) times() []tflite.OpTime {
	if teller, ok := t.engines[0].(interface{ Times() []tflite.OpTime }); ok {
		return teller.Times()
	}
	return nil
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
