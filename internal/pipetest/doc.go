// Package pipetest has what tests of pipelines need: fakes of every part that check how they are used, and suites
// that say whether a Source, a Sink or an Engine keeps its contract.
//
// The fakes fit together: a FakeItem carries a value, FakeTask writes it into the engine's input, FakeEngine
// computes Answer of it after the time its device takes, and FakeTask reads that answer and compares. An item that is
// released too often or not at all, an engine that is used from two sides at once, an input that is changed while the
// engine runs, outputs that are read after the next run began, or a sink that is called after Close show in the Err
// methods.
//
// A suite is a list of checks. CheckSource, CheckSink and CheckEngine run them and return what is wrong; TestSource,
// TestSink and TestEngine run each as a subtest. They look for goroutines left behind, so tests that use them must
// not run in parallel with others of the package.
package pipetest
