package sink

import (
	"context"

	"corallite/internal/key"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
)

// JSONLConfig is the configuration of a JSONL.
type JSONLConfig struct {
	Path   string // of the file; "-" is standard output
	Append bool   // keep what is in the file
	Queue  int    // how many results may wait for the sink; 0: pipeline.DefaultQueue
	life.Options
}

// TableConfig is the configuration of a Table.
type TableConfig struct {
	Path   string // as in JSONLConfig, as the others
	Append bool
	Queue  int
	life.Options
}

// textConfig is what both have.
type textConfig JSONLConfig

func (c *textConfig) keys(example string) key.Table {
	return append(key.Table{
		key.String(&c.Path, "path").Default("-").Example(example).Doc("The file; `-` is standard output."),
		key.Bool(&c.Append, "append").Default(true).Example("false").
			Doc("Append to the file; `false` empties it first. Either way one process at a time writes it, and a file that was moved or removed during the run (by logrotate, say) is created again."),
		part.QueueKey(&c.Queue),
	}, c.LifeKeys()...)
}

// isStdout reports whether the text goes to standard output.
func (c *textConfig) isStdout() bool { return c.Path == "-" || c.Path == "" }

// About describes the sink as part of a configuration.
func (c *JSONLConfig) About() part.AboutSink {
	return part.AboutSink{Kind: "jsonl", OpenLast: true, Doc: "One line of JSON for each picture and model."}
}

// Keys are the keys of the configuration.
func (c *JSONLConfig) Keys() key.Table { return (*textConfig)(c).keys("found.jsonl") }

// Output is the file.
func (c *JSONLConfig) Output() part.Output { return part.Output{Key: "path", Path: c.Path} }

// QueueLength is how many results may wait.
func (c *JSONLConfig) QueueLength() int { return c.Queue }

// Open makes the sink.
func (c *JSONLConfig) Open(ctx context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	if (*textConfig)(c).isStdout() {
		return NewJSONL(env.Stdout, "standard output"), nil
	}
	return OpenJSONL(ctx, c.Path, FileOptions{Append: c.Append})
}

// About describes the sink as part of a configuration.
func (c *TableConfig) About() part.AboutSink {
	return part.AboutSink{Kind: "table", OpenLast: true, Doc: "A table for people."}
}

// Keys are the keys of the configuration.
func (c *TableConfig) Keys() key.Table { return (*textConfig)(c).keys("found.txt") }

// Output is the file.
func (c *TableConfig) Output() part.Output { return part.Output{Key: "path", Path: c.Path} }

// QueueLength is how many results may wait.
func (c *TableConfig) QueueLength() int { return c.Queue }

// Open makes the sink.
func (c *TableConfig) Open(ctx context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	o := TableOptions{Model: len(env.Models) > 1, Time: env.Videos}
	if (*textConfig)(c).isStdout() {
		o.Width = env.Width
		return NewTable(env.Stdout, o), nil
	}
	return OpenTable(ctx, c.Path, o, FileOptions{Append: c.Append})
}
