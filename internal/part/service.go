package part

import (
	"context"
	"log/slog"

	"corallite/internal/key"
	"corallite/pipeline"
)

// Service is the configuration of a block at the top of a file: what there is once in a program, whatever its
// pipelines, such as a connection to a broker or the server of an address. It is a pointer to the struct of its kind,
// and opened only where the configuration has the block.
type Service interface {
	key.Configurable
	About() AboutService
	// Open opens the service. Start begins what it does, when all else is open; it is closed after all pipelines have
	// ended. A Server that is a Tap gets a sink in each pipeline; sinks find it by SinkEnv.Service.
	Open(ctx context.Context, env ServiceEnv) (Server, error)
}

// AboutService describes a service.
type AboutService struct {
	Name string // "mqtt": the key of its block
	Doc  string // Markdown, sentences
}

// ServiceEnv is what a service gets from the program.
type ServiceEnv struct {
	Pipelines []string // their names, in the order of the configuration
	Version   string   // of the program
	Runtime   string   // the version of TensorFlow Lite
	Logger    *slog.Logger
	Devices   func() []Device // the machine's accelerators

	// Serve opens models of the configuration, by name, to answer requests; no names: all. The caller closes them.
	Serve func(ctx context.Context, names []string) ([]Served, error)
	// ServeFile opens a model for detect that another program has handed over, in a child process. The caller closes it.
	ServeFile func(ctx context.Context, path string) (Served, error)
	Cache     func(name string) string // a folder of that name in the cache, which may not be there

	// Server gives what services and sinks share, as in SinkEnv.
	Server func(name string, make func() (Server, error)) (Server, error)
}

// Tap is a Server that wants to be told of everything that its pipelines do.
type Tap interface {
	// Tap makes the sink of a pipeline, which may be an Observer; the stream closes it.
	Tap(env SinkEnv) (pipeline.NamedSink, error)
}

// Alone is the configuration of a service that is of use without a pipeline.
type Alone interface{ RunsAlone() bool }

// Lasting is a Server that makes the program go on when all sources have ended, or where there is no pipeline.
type Lasting interface{ Lasts() bool }

// Announcer is a Server with an address for people.
type Announcer interface {
	Page() string         // the address to open in a browser, without what is secret; "": there is nothing to see there
	Announcement() string // a line that says where it is, with the token where only the program knows it
}
