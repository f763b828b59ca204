// Package pipeline carries items (frames, windows of sound) from a source through models to sinks. It knows engines
// only as an interface and items only as something that is counted, so the same Stream runs pictures, video, cameras
// and microphones on whatever runs the model.
//
// # The path of one item
//
//	Source ─ feed ─ dispatcher ─┬─ lane of model 1: queue ─ workers ─┬─ collector ─┬─ queue ─ Sink 1
//	                            └─ lane of model 2: queue ─ workers ─┘             └─ queue ─ Sink 2
//
// Source. One goroutine calls Next, numbers the item (Meta.Seq) and puts it in the feed. For a live source the feed
// is a slot of one: a newer item replaces the one that nobody took, which is counted as dropped. For any other source
// the reader waits, so nothing is dropped, and reads one item ahead; so it does for a live source that is Audible, which
// keeps its sound until it is taken.
//
// Dispatcher. Waits until every model has room, and only then takes the newest item, so that a frame of a camera does
// not grow old in a queue. Models with a file behind them get one item more than they have engines, so that a worker
// finds the next one waiting.
//
// Lanes. Each model has a lane, each engine of the model a worker in it. On an engine that uses the CPU a worker is
// one goroutine: Prepare straight into the engine's input, Invoke, Decode straight from its outputs. On an engine
// that does not (an Edge TPU) those are three goroutines: the next item is prepared into memory of its own while the
// device runs, copied into the input when the device is free, and the outputs are copied out so that Decode does not
// keep the device waiting. A model's Refiner works where Decode does, right after it.
//
// A model whose items belong together, as pieces of sound do, is a Flow: its lane has one worker, which gives it the
// items in order and leaves the runs of engines to it. What it has nothing to say of (Result.Quiet) gives no event, and
// an item of which no model has something to say gives no Report.
//
// Collector. Joins what the models found in one item, restores the order of the items when several engines took them
// side by side, lets Model.Ordered change the results in that order (tracking), and hands each item with its events on
// as one Report. What is between the dispatcher and here is bounded (the window), so one slow engine cannot make the
// others run away from it.
//
// Sinks. Each has a goroutine and a bounded queue. A sink that is Lossless behind a source that is not live holds the
// stream back when its queue is full. Any other loses its oldest queued report, counted, and holds nobody back.
//
// # References
//
// Next gives the Stream one reference to an item. The Stream keeps it until the report has been handed to the sinks'
// queues, retains one for each queue, and releases each exactly once, whether the item was reported, dropped, failed
// or left behind when the pipeline ended.
//
// # Errors
//
//	from            *ItemError              other error            panic
//	Source.Next     counted, goes on        Reopen, or ends it     ends it
//	Task            counted, goes on        ends it                counted as the item's error, goes on
//	Refiner, Flow   counted, goes on        ends it                counted as the item's error, goes on
//	Engine.Invoke   ends it                 ends it                ends it
//	Model.Ordered                                                  ends it
//	Sink.Consume    counted, goes on        ends it, or retried    ends it, or the sink only
//	Sink.Close      makes Run fail          makes Run fail         makes Run fail
//
// A sink that goes on working after Consume (Deferred) tells the stream of its failures later; they are counted too.
//
// Behind a source that is live or Endless, a sink that fails does not end the pipeline. It rests for a moment (SinkRetry)
// and is tried again with the next report; what comes meanwhile is counted among its drops. The failure and the end of
// the outage are each told once (OnError, OnResume). An ItemError that comes from the system (a full disk) counts as a
// failure of the sink there, because the next item would meet it as well. A FinalError ends the pipeline all the same,
// and a sink that panicked gets nothing more.
//
// "Ends it" means the pipeline, not the process: items in hand are given up, finished reports still reach the sinks,
// the sinks are closed, and Run returns an error that names the pipeline, the part and the item. A panic of a Task is
// taken as the fault of one strange item because a Task holds no state between items; a source, an engine, an Ordered or
// a sink that panicked is in an unknown state and is not used again.
//
// What a Task found is not lost when the model's Refiner failed: the event has it.
//
// An item on which every model failed gives no report; one on which some did gives a report with the others' events.
//
// # Ending
//
// A stream ends when its source returns io.EOF. When the context given to Run ends, the source is stopped, items that
// were already read go all the way through, sinks are flushed and closed, and Run returns no error and a Summary that
// says Interrupted. A source whose Next has not returned a second later is closed under it. Nothing is cut short on
// that way, so an Invoke or a sink that hangs keeps Run from returning; ending the process at once is the business of
// the command (the second signal).
//
// Run closes the source and the sinks, on every path, because only it knows when they are done and because what a
// sink fails to flush is an error of the run. Engines stay with whoever opened them.
package pipeline
