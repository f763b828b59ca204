// Package life decides what a sink gets of objects and sounds that are there for a while: each result, or only that
// something came, changed, or is gone. It stands in front of sinks as a pipeline.Gate, so no sink knows of it.
//
// A life is the time from the first to the last result of one thing. The thing is a track where the model's objects are
// tracked, and otherwise a label of the model: all of its detections, the best class of a classifier, a word, a sound.
// The life of a track ends with the track; that of a label, when no result has had it for Options.GoneAfter, or when the
// recording ends. When the stream ends, or a live source is lost for Options.GoneAfter, all lives end.
//
// The report of an end has the item, the event and the findings of the thing's best moment, so that a picture shows what
// it was, and in addition "ended": the track with its life. Best is the highest score × √(share of the picture) ×
// (1 + sharpness)/2, of things without a box the highest score.
package life
