package app

import (
	"context"

	"corallite/delegate"
	"corallite/internal/assemble"
	"corallite/internal/choice"
	"corallite/internal/worker"
)

// BenchOn is the delegate of a choice on this machine, for a child process that measures it.
func BenchOn(ctx context.Context, item choice.Item, device, library string) (o worker.AskerOptions, err error) {
	o = worker.AskerOptions{Item: item, Library: library, Access: delegate.Access{ReadWrite: assemble.ExtraPaths()}}
	if item.IsEdgeTPU() {
		o.Device, err = edgeTPUFor(ctx, InspectOptions{Device: device, Library: library})
	}
	return o, err
}
