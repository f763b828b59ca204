package worker_test

import (
	"fmt"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
)

// TestTooLongToTell: a model whose description exceeds a message gives an error, and the child survives.
func TestTooLongToTell(t *testing.T) {
	named := modeltest.Addition(1, 4)
	named.Subgraphs[0].Tensors[0].Name = strings.Repeat("long ", 20_000)
	many := modeltest.Addition(1, 4)
	for i := range 2000 {
		many.Subgraphs[0].Tensors = append(many.Subgraphs[0].Tensors, modeltest.Float32(fmt.Sprint(i), 1))
		many.Subgraphs[0].Inputs = append(many.Subgraphs[0].Inputs, int32(3+i))
	}
	good := written(t, modeltest.Addition(1, 4))
	for name, m := range map[string]modeltest.Model{"a long name": named, "many inputs": many} {
		t.Run(name, func(t *testing.T) {
			f := written(t, m)
			h := host(t, f, good)
			e := open(t, h, worker.Request{Files: delegate.Files{CPU: good}, Choice: delegate.None})
			_, err := h.Open(t.Context(), worker.Request{Files: delegate.Files{CPU: f}, Choice: delegate.None})
			if err == nil || !strings.Contains(err.Error(), "model "+f+": what it has cannot be told") {
				t.Errorf("error %v", err)
			}
			run(t, e, 1)
		})
	}
}
