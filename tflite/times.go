package tflite

import "time"

// OpTime is how long an operator of a graph has run.
type OpTime struct {
	Subgraph int
	Op       int    // its index in the file's graph; of a delegate's, among the operators that it has made of the piece
	Piece    int    // which piece of the graph a delegate runs, from 0, in the order of the run; -1: the runtime runs the operator
	Name     string // the runtime's; a delegate's own for what it runs: "Convolution (NHWC, QU8) GEMM"
	Runs     int
	Time     time.Duration // of all runs; XNNPACK tells whole microseconds
}

// Times are those of all operators that ran since the last call, in the order in which they ran first, by the runtime's
// telemetry interface. They are known of an interpreter with [Options.Profile]; of others there are none. Delegates that do
// not tell have none; an operator that calls other graphs has their time in its own, too.
func (i *Interpreter) Times() []OpTime {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || i.profile == nil {
		return nil
	}
	var all []OpTime
	for _, t := range i.profile.Times() {
		all = append(all, OpTime{int(t.Subgraph), int(t.Op), int(t.Piece), t.Name, int(t.Runs), time.Duration(t.NS)})
	}
	i.profile.Clear()
	return all
}
