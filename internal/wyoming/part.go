package wyoming

import (
	"cmp"
	"context"
	"errors"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Config is the configuration of a server of wake words as the source of a pipeline.
type Config struct {
	URI         string // tcp://HOST:PORT or unix:///PATH
	Connections int    // at once
}

// About describes the source as part of a configuration.
func (c *Config) About() part.AboutSource {
	return part.AboutSource{Kind: "wyoming", Gives: part.Sound, Live: true}
}

// Keys are the keys of the configuration.
func (c *Config) Keys() key.Table {
	return key.Table{
		key.String(&c.URI, "wyoming").Example("tcp://127.0.0.1:10400").
			Doc("A server of the Wyoming protocol, for Home Assistant: `tcp://HOST:PORT` or `unix:///PATH`. Clients connect, ask for words (the names of the pipeline's wake words, and the labels of its keyword models), send sound and are told when one was said; results go to the sinks as well. Each client is heard by itself. Only an address of this machine, such as 127.0.0.1, keeps other machines out: the protocol knows no passwords (docs/wyoming.md)."),
		key.Int(&c.Connections, "connections").Min(1).Max(1000).DefaultDoc("32").Example("4").
			Doc("With `wyoming`: how many clients may be connected at once."),
	}
}

// Check reports an invalid address.
func (c *Config) Check(in part.Check) {
	if _, _, err := Address(c.URI); err != nil {
		in.Report(key.CodeInvalid, "wyoming", "", err.Error())
	}
}

// MaxConnections is how many there may be.
func (c *Config) MaxConnections() int { return cmp.Or(c.Connections, DefaultConnections) }

// Open fails: the sound of each client has models of its own, which the pipeline opens.
func (c *Config) Open(context.Context, part.SourceEnv) (pipeline.Source[*audio.Chunk], error) {
	return nil, errors.New("wyoming: the source serves clients, and gives no sound of its own")
}
