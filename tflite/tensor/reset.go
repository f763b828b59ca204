package tensor

// Resetter is an Engine that can begin a new sequence of runs: what a model keeps from one run to the next is as it
// was when the engine was opened. Engines of models that keep nothing may be Resetters too.
type Resetter interface {
	// Reset is called between runs, by the goroutine that runs the engine. Views of its tensors are void after it, and
	// the inputs must be written again.
	Reset() error
}
