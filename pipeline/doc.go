// Package pipeline carries items (frames, chunks of sound) from a source through models to sinks. It uses engines only
// through an interface, and items only as reference-counted values, so the same Stream runs pictures, video, cameras
// and microphones on any engine.
//
// # The path of one item
//
//	Source ─ reader ─ dispatcher ─┬─ stage of model 1: queue ─ workers ─┬─ collector ─┬─ queue ─ Sink 1
//	                              └─ stage of model 2: queue ─ workers ─┘             └─ queue ─ Sink 2
//
// Source. One goroutine calls Next, numbers the item (Meta.Seq) and passes it to the dispatcher. For a live source
// there is one slot between the two: a newer item replaces the one still waiting, which counts as dropped. For any
// other source the reader waits, so nothing is dropped, and reads one item ahead; so it does for a live source that
// buffers its items itself (Stats.Buffered), as a microphone does.
//
// Dispatcher. It waits until every model has room, and only then takes the newest item, so that a camera's frame does
// not grow old in a queue. With a file, models get one item more than they have engines, so that a worker finds the
// next one waiting.
//
// Stages. Each model has a stage, each engine of the model a worker in it. On an engine that uses the CPU, a worker is
// one goroutine: Prepare straight into the engine's input, Invoke, Decode straight from its outputs. On an engine that
// leaves the CPU free (an Edge TPU), those are three goroutines: the next item is prepared in a buffer while the device
// runs and copied into the input when the device is free, and the outputs are copied out so that Decode does not keep
// the device waiting. A model's Refiner runs right after Decode, on the same goroutine.
//
// A model that keeps state from item to item, as models of sound do, is a StreamingModel: its stage has one worker, which
// passes it the items in order and lets it run the engines. When it has nothing to report (Result.Suppress) there
// is no event, and an item about which no model reports anything gives no Report.
//
// Collector. It joins the models' results for one item, restores the order of items processed by several engines in
// parallel, lets ModelOptions.PostProcess change the results in that order (tracking), and passes each item with
// its events on as one Report. The number of items between the dispatcher and here is bounded (the window), so that
// other engines cannot get far ahead of a slow one.
//
// Sinks. Each has a goroutine and a bounded queue, and may have a Gate in front of it, which decides what the sink gets,
// and when. A sink that is Lossless behind a source that is not live blocks the stream when its queue is full. Any other
// drops its oldest queued report, which is counted, and blocks nothing.
//
// # References
//
// Next gives the Stream one reference to an item. The Stream keeps it until the report has been handed to the sinks'
// queues, retains one for each queue, and releases each exactly once, whether the item was reported, dropped, failed
// or left behind when the pipeline ended.
//
// # Errors
//
//	from                     *ItemError           other error            panic
//	Source.Next              counted, continues   Reopen, or ends it     ends it
//	Task                     counted, continues   ends it                counted as the item's error, continues
//	Refiner, StreamingModel  counted, continues   ends it                counted as the item's error, continues
//	Engine.Invoke            ends it              ends it                ends it
//	PostProcess                                                          ends it
//	Gate                                                                 ends it
//	Sink.Consume             counted, continues   ends it, or retried    ends it, or the sink only
//	Sink.Close               makes Run fail       makes Run fail         makes Run fail
//
// A sink that continues working after Consume (AsyncSink) reports its failures later; they are counted too.
//
// With a source that is live or endless (Stats.Endless), a sink that fails does not end the pipeline. It pauses for
// SinkRetry and is retried with the next report; the reports in between count as its drops. The failure
// and the end of the outage are each reported once (OnError, OnResume). An ItemError that comes from the operating
// system (a full disk) counts as a failure of the sink there, because the next item would fail as well. A FinalError
// still ends the pipeline, and a sink that panicked gets no more reports.
//
// "Ends it" means the pipeline, not the process: items in progress are abandoned, finished reports still reach the
// sinks, the sinks are closed, and Run returns an error that names the pipeline, the part and the item. A panic of a
// Task is attributed to the item because a Task keeps no state between items; a source, an engine, a
// PostProcess function or a sink that panicked is in an unknown state and is not used again.
//
// If the model's Refiner fails, the event still has the Task's result.
//
// An item on which every model failed gives no report; one on which some did gives a report with the others' events.
//
// # Ending
//
// A stream ends when its source returns io.EOF. When the context given to Run ends, the source is stopped, items that
// were already read go all the way through, sinks are flushed and closed, and Run returns no error and a Summary that
// says Interrupted. A source whose Next has not returned a second later is closed. Nothing is cut short,
// so an Invoke or a sink that hangs keeps Run from returning; the command quits the process on a second signal.
//
// Run always closes the source and the sinks, because only it knows when they are done and because a failed flush is an
// error of the run. Engines are closed by whoever opened them.
//
// What this package exports follows Semantic Versioning.
package pipeline
