package scheduler_test

import (
	"fmt"
	"testing"

	"corallite/internal/scheduler"
)

// BenchmarkAlone is a turn that nobody else wants.
func BenchmarkAlone(b *testing.B) {
	c := scheduler.New(scheduler.Options{}).Client(scheduler.ClientOptions{})
	defer c.Close()
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Acquire(ctx); err != nil {
			b.Fatal(err)
		}
		c.Release()
	}
}

// BenchmarkHandedOn is a turn among busy goroutines: each time one has to be woken.
func BenchmarkHandedOn(b *testing.B) {
	for _, n := range []int{2, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			q := scheduler.New(scheduler.Options{})
			b.ReportAllocs()
			b.SetParallelism(n)
			b.RunParallel(func(p *testing.PB) {
				c := q.Client(scheduler.ClientOptions{Token: 1})
				defer c.Close()
				for p.Next() {
					if err := c.Acquire(b.Context()); err != nil {
						b.Error(err)
					}
					c.Release()
				}
			})
		})
	}
}

// TestNoAllocation holds the steady state of a turn, alone and waited for, to no allocation.
func TestNoAllocation(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	a, b := q.Client(scheduler.ClientOptions{}), q.Client(scheduler.ClientOptions{})
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_ = a.Acquire(ctx)
		a.Release()
	}); n > 0 {
		t.Errorf("a turn allocates %v times", n)
	}
	ask, done := make(chan bool), make(chan bool)
	go func() {
		for range ask {
			_ = b.Acquire(ctx)
			b.Release()
			done <- true
		}
	}()
	defer close(ask)
	if n := testing.AllocsPerRun(100, func() {
		_ = a.Acquire(ctx)
		ask <- true
		a.Release()
		<-done
	}); n > 0 {
		t.Errorf("a turn that is handed on allocates %v times", n)
	}
}
