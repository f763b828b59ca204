package preview

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"corallite/internal/draw"
	"corallite/internal/key"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/web"
	"corallite/pipeline"
)

// Config is the configuration of a preview: of its page, which all with the same Listen share, and of the pipeline's
// place on it.
type Config struct {
	web.Access
	MaxViewers int

	Width   int
	FPS     float64
	Quality int
	Hide    []string // of boxes, labels, masks and skeletons
	Queue   int
	life.Options
}

// About describes the sink as part of a configuration.
func (c *Config) About() part.AboutSink {
	return part.AboutSink{Kind: "preview", OpenLast: true, Doc: "A page in the browser: the live picture with the results drawn in, or how loud the sound is and the last word; rates, ages, the latest events, errors, and why a source gives nothing. All previews with the same `listen` are on one page."}
}

// Keys are the keys of the configuration. NewServer and Server.Sink hold their options against these limits.
func (c *Config) Keys() key.Table {
	access := c.AccessKeys(DefaultListen)
	access.Field("token_env").Example("DOOR_TOKEN").Doc("The environment variable that holds the token, at least 16 characters, which viewers must show.")
	return slices.Concat(access, key.Table{
		key.Int(&c.MaxViewers, "max_viewers").Min(1).Max(1000).Default(DefaultMaxViewers).Example("8").
			Doc("How many viewers there may be at once. The page takes four times as many connections and 64 more; beyond this machine half of them from one address."),
		key.Int(&c.Width, "width").Min(16).Max(8192).Default(DefaultWidth).Example("640").
			Doc("The largest width of a picture, in pixels; wider ones are scaled down."),
		key.Number(&c.FPS, "fps").Above(0).Max(1000).Default(float64(DefaultFPS)).Example("10").
			Doc("The maximum number of pictures per second."),
		key.Int(&c.Quality, "quality").Min(1).Max(100).Default(DefaultQuality).Example("60").
			Doc("The quality of the JPEG pictures."),
		key.Strings(&c.Hide, "hide").Choices(partNames(draw.AllParts)...).Example("[labels]").
			Doc("What is not drawn, whatever a viewer chooses."),
		part.QueueKey(&c.Queue),
	}, c.LifeKeys())
}

// QueueLength is how many results may wait.
func (c *Config) QueueLength() int { return c.Queue }

// Open makes the pipeline's place on the page, and the page when it is the first there.
func (c *Config) Open(_ context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	o := SinkOptions{Width: c.Width, FPS: c.FPS, Quality: c.Quality, Source: func() SourceState { return stateOf(env.Source) }}
	for _, p := range parts {
		if slices.Contains(c.Hide, p.name) {
			o.Draw.Hide |= p.part
		}
	}
	if env.Sound != nil {
		o.Sound = func() SoundState {
			state := SoundState{}
			state.LevelDBFS, state.Heard = env.Sound()
			if s := pipeline.StatsOf(env.Source).Sound; s != nil {
				state.Seconds = s.Seconds
			}
			return state
		}
	}
	shared, err := env.Server("preview "+c.Listen, func() (part.Server, error) { return newPage(c, env) })
	if err != nil {
		return nil, err
	}
	p := shared.(*sharedPage)
	if f := p.first; f.TokenEnv != c.TokenEnv || f.Cert != c.Cert || f.Key != c.Key || f.MaxViewers != c.MaxViewers {
		return nil, fmt.Errorf("another preview on %s has another token_env, cert, key or max_viewers: a page has one of each", c.Listen)
	}
	return p.Sink(env.Pipeline, o)
}

// sharedPage is the server of all previews with one address.
type sharedPage struct {
	*Server
	first *Config // whose options the server has
}

func newPage(c *Config, env part.SinkEnv) (*sharedPage, error) {
	how, err := c.ServerOptions(DefaultListen, env.Logger)
	if err != nil {
		return nil, err
	}
	o := ServerOptions{Listen: how.Listen, Token: how.Token, CertFile: how.CertFile, KeyFile: how.KeyFile, Logger: how.Logger, MaxViewers: cmp.Or(c.MaxViewers, DefaultMaxViewers)}
	if env.Devices != nil {
		o.Devices = func() []Device {
			var all []Device
			for _, d := range env.Devices() {
				all = append(all, Device{d.Name, d.State, d.Temperature})
			}
			return all
		}
	}
	if o.web, err = web.Shared(env.Server, o.site()); err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	s, err := NewServer(o)
	if err != nil {
		return nil, err
	}
	return &sharedPage{s, c}, nil
}

// Announcement says where the page is. A token that the user chose is not repeated: more people read the log.
func (p *sharedPage) Announcement() string {
	if p.first.TokenEnv != "" {
		return fmt.Sprintf("preview: %s (it asks for the token in %s)", p.Page(), p.first.TokenEnv)
	}
	return "preview: " + p.URL()
}

// stateOf is the state of a source.
func stateOf(source any) (s SourceState) {
	stats := pipeline.StatsOf(source)
	s.Name, s.Reopened, s.Lost = stats.Name, stats.Reopened, stats.Lost
	if m := stats.Motion; m != nil {
		s.Held, s.HeldShare, s.Still = m.HeldBack, m.Share, m.Looked > 0 && !m.Open
	}
	return s
}
