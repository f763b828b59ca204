package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// partsTask needs 1 to 4 runs for an item: run i of item n writes the number 100*n+i. fail says which run fails and in which
// step.
type partsTask struct {
	pipetest.FakeTask
	fail func(seq uint64, step string, run int) error

	mu    sync.Mutex
	plans []uint64 // numbers that Plan got
}

func (*partsTask) runs(seq uint64) int { return int(seq%4) + 1 }

func (p *partsTask) Plan(in *pipetest.FakeItem, n uint64) (pipeline.Runs, error) {
	p.mu.Lock()
	p.plans = append(p.plans, n)
	p.mu.Unlock()
	if err := p.fail(in.Meta().Seq, "plan", 0); err != nil {
		return nil, err
	}
	return &partsRuns{p: p, in: in}, nil
}

type partsRuns struct {
	p       *partsTask
	in      *pipetest.FakeItem
	decoded []pipeline.Class
}

func (r *partsRuns) Len() int { return r.p.runs(r.in.Meta().Seq) }

func (r *partsRuns) Prepare(i int, dst tensor.Tensor) (pipeline.Placement, error) {
	if err := r.p.fail(r.in.Meta().Seq, "prepare", i); err != nil {
		return pipeline.Placement{}, err
	}
	if !r.in.InUse() {
		return pipeline.Placement{}, fmt.Errorf("run %d of item %d is prepared after its release", i, r.in.Meta().Seq)
	}
	binary.LittleEndian.PutUint64(dst.Data, 100*r.in.Meta().Seq+uint64(i))
	return pipeline.Placement{Width: i}, nil
}

func (r *partsRuns) Decode(i int, out pipeline.Outputs, p pipeline.Placement) error {
	if err := r.p.fail(r.in.Meta().Seq, "decode", i); err != nil {
		return err
	}
	if i != len(r.decoded) || p.Width != i {
		return fmt.Errorf("run %d with the placement of %d is decoded behind %d others", i, p.Width, len(r.decoded))
	}
	if got, want := binary.LittleEndian.Uint64(out.Output(0).Data), pipetest.Answer(100*r.in.Meta().Seq+uint64(i)); got != want {
		return fmt.Errorf("run %d of item %d got the answer %d, want %d", i, r.in.Meta().Seq, got, want)
	}
	r.decoded = append(r.decoded, pipeline.Class{Label: "part", Index: i})
	return nil
}

func (r *partsRuns) Result() (pipeline.Result, error) {
	return pipeline.Result{Classes: r.decoded}, nil
}

// newPartsRig has a stream with a task that runs several times on each item.
func newPartsRig(count int, fail func(seq uint64, step string, run int) error, devices ...string) (*rig, *partsTask) {
	if fail == nil {
		fail = func(uint64, string, int) error { return nil }
	}
	r, task := newRig(count, devices...), &partsTask{fail: fail}
	r.Models[0].Task = task
	return r, task
}

// TestSeveralRuns runs a model several times on each item, on engines that compute on the CPU and on others, whose runs
// overlap.
func TestSeveralRuns(t *testing.T) {
	const items = 60
	for _, devices := range [][]string{{"cpu:fake"}, {"edgetpu:fake"}, {"cpu:a", "cpu:b", "edgetpu:c"}} {
		r, task := newPartsRig(items, nil, devices...)
		sum, err := r.Run(context.Background())
		if err != nil || sum.Errors.Total != 0 || sum.Frames != items {
			t.Fatalf("%v: %v, %+v", devices, err, sum)
		}
		total := 0
		for i, rep := range r.sinks[0].Reports() {
			e := rep.Events[0]
			want := task.runs(uint64(i))
			total += want
			if e.Seq != uint64(i) || e.Runs != want || len(e.Classes) != want {
				t.Fatalf("%v: event %d is number %d, with %d runs and %d parts (want %d)", devices, i, e.Seq, e.Runs, len(e.Classes), want)
			}
		}
		slices.Sort(task.plans)
		for i, n := range task.plans {
			if n != uint64(i) {
				t.Fatalf("%v: items were planned as %v", devices, task.plans)
			}
		}
		m := sum.Models["coco"]
		if m.Runs != uint64(total) || m.RunsPerItem != 2.5 {
			t.Errorf("%v: %d runs, %v an item; want %d and 2.5", devices, m.Runs, m.RunsPerItem, total)
		}
	}
}

// TestSeveralRunsThatFail fails the plan, the preparation or the decoding of one run of some items: only these are lost, and
// each is counted once.
func TestSeveralRunsThatFail(t *testing.T) {
	const items = 64
	bad := errors.New("a bad part")
	for _, step := range []string{"plan", "prepare", "decode"} {
		for _, at := range []int{0, 1, 3} { // of 4
			if step == "plan" && at > 0 {
				continue
			}
			for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
				name := fmt.Sprintf("%s of run %d on %s", step, at, device)
				r, _ := newPartsRig(items, func(seq uint64, in string, run int) error {
					if seq%8 == 3 && in == step && run == at {
						return &pipeline.ItemError{Err: bad}
					}
					return nil
				}, device)
				sum, err := r.Run(context.Background())
				if err != nil || sum.Failed != items/8 || sum.Errors.Total != items/8 || sum.Frames != items-items/8 {
					t.Fatalf("%s: %v, %+v", name, err, sum)
				}
			}
		}
	}
}

// TestNoRuns refuses a plan without a run, which would leave an item without a result for ever.
func TestNoRuns(t *testing.T) {
	for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
		r := newRig(3, device)
		r.Models[0].Task = &noRuns{}
		if _, err := r.Run(context.Background()); err == nil {
			t.Fatal("no error")
		}
	}
}

type noRuns struct{ pipetest.FakeTask }

func (*noRuns) Plan(*pipetest.FakeItem, uint64) (pipeline.Runs, error) { return none{}, nil }

type none struct{ pipeline.Runs }

func (none) Len() int { return 0 }
