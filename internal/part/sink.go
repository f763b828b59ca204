package part

import (
	"context"
	"io"
	"log/slog"
	"time"

	"corallite/internal/control"
	"corallite/internal/key"
	"corallite/internal/life"
	"corallite/pipeline"
)

// Sink is the configuration of a sink: a pointer to the struct of its kind.
type Sink interface {
	key.Configurable
	About() AboutSink
	// Open opens the sink. When ctx ends, the run is to end: what takes time then is not waited for.
	Open(ctx context.Context, env SinkEnv) (pipeline.Sink, error)
}

// AboutSink describes a kind of sink.
type AboutSink struct {
	Kind  string // "webhook": its key in the configuration
	Doc   string // Markdown, sentences
	Takes Items

	// OpenLast is for sinks whose opening empties a file, or shows what cannot be taken back: all else is opened first.
	OpenLast bool
}

// Lived is a sink that can be told by the lives of objects and sounds: all sinks whose configuration embeds life.Options.
type Lived interface {
	LifeOptions() *life.Options
}

// SelfGated is a Lived sink that gets each result, whatever its options say, and makes gates itself.
type SelfGated interface {
	SelfGated()
}

// SoundCopier is a sink that copies the sound of the source as it is, if it says so.
type SoundCopier interface {
	CopiesSound() bool
}

// Controller is a sink that changes its pipeline while it runs, if it says so.
type Controller interface {
	Controls() bool
}

// Queued is a sink whose results wait in a queue of the stream. Others have one of DefaultQueue items.
type Queued interface {
	QueueLength() int
}

// Output is a file or folder that a sink writes.
type Output struct {
	Key    string // of the configuration: "path"
	Path   string // "-" is standard output
	Folder bool
}

// Writer is a sink that writes a file or a folder of its own.
type Writer interface {
	Output() Output
}

// SinkEnv is what a sink gets from the program.
type SinkEnv struct {
	Pipeline string
	Models   []Model
	Source   any      // the pipeline's source, which may be a pipeline.StatsReporter
	Live     bool     // whether the source is live
	Zones    []string // of the pipeline, by name
	Videos   bool     // whether positions in the source mean something

	Stdout  io.Writer // for the path "-"; Console's progress is kept out of its way
	Width   int       // columns of Stdout when it is a terminal; 0: no limit
	Logger  *slog.Logger
	Tell    func(message string)                        // tells the user
	Sound   func() (levelDBFS float32, heard time.Time) // how loud the sound is; nil: a pipeline of pictures
	Devices func() []Device                             // the machine's accelerators

	// Server gives what sinks of several pipelines share, by a name: the first one makes it.
	Server func(name string, make func() (Server, error)) (Server, error)

	// Control changes the running pipeline; nil: nobody may (Controller).
	Control *control.Pipeline
	// Gate makes a gate of a sink that gates itself (SelfGated).
	Gate func(o life.Options) (pipeline.Gate, error)

	// Service is what the configuration's block of that name has opened; nil: it has none.
	Service func(name string) Server
}

// Device is an accelerator.
type Device struct {
	Name        string   // "edgetpu:pci:0"
	State       string   // in a word or two: "resting", "gone"
	Temperature *float64 // °C; nil: it shows none
	Gone        bool     // it does not answer
	Fallbacks   uint64   // times that a model had to go on without it
}

// Server is what sinks of several pipelines share, and what a Service opens: it begins when all is open, and ends after
// them.
type Server interface {
	Start()
	io.Closer
}

// Observer is a sink that follows how its pipeline does.
type Observer interface {
	Progress(pipeline.Progress)
	Failed(pipeline.Failure)
	Ended(err error)
}

// QueueKey is the key of a sink whose results wait in a queue of the stream.
func QueueKey(to *int) *key.Field {
	return key.Int(to, "queue").Min(1).Max(1024).Default(pipeline.DefaultQueue).Example("16").
		Doc("How many results may wait for the sink.")
}
