package sink

import "corallite/pipeline"

// KeepOpen is s for several streams one after another: each Stream closes its sinks, and Close of what KeepOpen
// returns does nothing. Who opened s closes it when the last stream has ended.
func KeepOpen(s pipeline.Sink) pipeline.Sink { return keptOpen{s} }

type keptOpen struct{ pipeline.Sink }

func (keptOpen) Close() error { return nil }
