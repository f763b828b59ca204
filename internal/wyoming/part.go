package wyoming

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Config is the configuration of a server of wake words as the source of a pipeline.
type Config struct {
	URI         string // tcp://HOST:PORT or unix:///PATH
	Announce    string // the name of the server in the network; "": it is not announced
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
		key.String(&c.Announce, "announce").Example("Corallite in the hall").
			Doc("With `wyoming`: the name under which the server is announced by mDNS, so that Home Assistant finds it. Without it nothing is announced."),
		key.Int(&c.Connections, "connections").Min(1).Max(1000).DefaultDoc("32").Example("4").
			Doc("With `wyoming`: how many clients may be connected at once."),
	}
}

// Check reports an invalid address, and one that nobody else can reach but that is to be announced.
func (c *Config) Check(in part.Check) {
	network, address, err := Address(c.URI)
	if err != nil {
		in.Report(key.CodeInvalid, "wyoming", "", err.Error())
		return
	}
	if c.Announce == "" {
		return
	}
	host, _, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); network != "tcp" || host == "localhost" || ip != nil && ip.IsLoopback() {
		in.Report(key.CodeConflict, "announce", "", c.URI+" is reached from this machine only: listen at tcp://0.0.0.0:"+DefaultPort+", or leave announce out")
	}
	if len(c.Announce) > maxName {
		in.Report(key.CodeOutOfRange, "announce", "", fmt.Sprintf("has %d bytes, but a name in mDNS has at most %d", len(c.Announce), maxName))
	}
}

// maxName is the length of a label in DNS.
const maxName = 63

// MaxConnections is how many there may be.
func (c *Config) MaxConnections() int { return cmp.Or(c.Connections, DefaultConnections) }

// Open fails: the sound of each client has models of its own, which the pipeline opens.
func (c *Config) Open(context.Context, part.SourceEnv) (pipeline.Source[*audio.Chunk], error) {
	return nil, errors.New("wyoming: the source serves clients, and gives no sound of its own")
}
