package pipeline

import (
	"context"
	"errors"
	"sync"
)

// Summaries is the result of a run of several pipelines, and the JSON of `corallite run --summary`.
type Summaries struct {
	Pipelines map[string]Summary `json:"pipelines"`
}

// RunAll runs pipelines concurrently until all have ended, and returns their summaries by the names given. A
// pipeline that fails leaves the others running; the error joins what the failed ones returned.
func RunAll(ctx context.Context, streams map[string]Runner) (Summaries, error) {
	all := Summaries{Pipelines: make(map[string]Summary, len(streams))}
	var (
		mu   sync.Mutex
		errs []error
		wg   sync.WaitGroup
	)
	for name, s := range streams {
		spawn(&wg, func() {
			sum, err := s.Run(ctx)
			mu.Lock()
			defer mu.Unlock()
			all.Pipelines[name] = sum
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return all, errors.Join(errs...)
}
