package mqtt

import (
	"context"
	"errors"
	"time"

	"corallite/internal/key"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
)

// Defaults of Config.
const (
	DefaultOffDelay      = 5 * time.Second
	DefaultPictureHeight = 360
	DefaultLivePicture   = 10 * time.Second
)

// Config is the configuration of the sink of a pipeline.
type Config struct {
	Labels        []string // empty: those of the models' allow lists, or what is found
	OffDelay      time.Duration
	Pictures      bool
	PictureHeight int
	LivePicture   time.Duration // between two pictures of what the pipeline sees; 0: none
	Control       bool
	Queue         int
	life.Options
}

// About describes the sink.
func (c *Config) About() part.AboutSink {
	return part.AboutSink{Kind: "mqtt", OpenLast: true, Doc: "Tells the broker of the block `mqtt` what is found and how the pipeline does: events as JSON, for each label whether it is there, how many, and a picture, words, the state of the source, rates and devices; and takes switches and thresholds from it. docs/integrations.md has the topics and payloads. `when`, `min_interval` and `gone_after` are about the events alone; counts follow every result."}
}

// Keys are the keys of the sink.
func (c *Config) Keys() key.Table {
	lives := c.LifeKeys()
	lives.Field("when").DefaultDoc("`change`; `every` for pictures that have nothing to do with each other")
	return append(key.Table{
		key.Strings(&c.Labels, "labels").DefaultDoc("those of `category_allowlist`; otherwise all that are found, at most 64").Example("[person, cat]").
			Doc("The labels that have counts, occupancy and pictures. Events have all labels."),
		key.Seconds(&c.OffDelay, "off_delay").Min(0).Max(3600).Default(DefaultOffDelay).Example("30").
			Doc("Seconds without a label after which it is no longer present."),
		key.Bool(&c.Pictures, "pictures").Default(true).Example("false").PicturesOnly().
			Doc("Publishes the best picture of the last object of each label. Pictures go to whoever may read them at the broker."),
		key.Int(&c.PictureHeight, "picture_height").Min(64).Max(4320).Default(DefaultPictureHeight).Example("720").PicturesOnly().
			Doc("The largest height of published pictures, in pixels."),
		key.Seconds(&c.LivePicture, "live_picture").Min(0).Max(86400).Default(DefaultLivePicture).Example("60").PicturesOnly().
			Doc("Seconds between two pictures of what the pipeline sees, with what it finds. 0: none are published."),
		key.Bool(&c.Control, "control").Default(true).Example("false").
			Doc("Lets messages switch detection on and off and change score thresholds. What was changed is remembered over a restart. Thresholds are those of `detect`, `classify`, `pose`, `keyword` and `wakeword`, from 0.1 (or the configured one, where it is lower) to 1."),
		part.QueueKey(&c.Queue),
	}, lives...)
}

// SelfGated says that counts need each result.
func (c *Config) SelfGated() {}

// Controls reports whether messages change the pipeline.
func (c *Config) Controls() bool { return c.Control }

// QueueLength is how many results may wait.
func (c *Config) QueueLength() int { return c.Queue }

// Check reports a connection that is not configured.
func (c *Config) Check(in part.Check) {
	if in.Service != nil && !in.Service("mqtt") {
		in.Report(key.CodeMissingKey, "", "", "needs the block mqtt at the top of the configuration, which names the broker: mqtt: {url: mqtt://HOST}")
	}
}

// Open makes the sink.
func (c *Config) Open(_ context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	link, ok := env.Service("mqtt").(*Link)
	if !ok {
		return nil, errors.New("the configuration has no block mqtt, which names the broker: mqtt: {url: mqtt://HOST}")
	}
	return newSink(*c, link, env)
}
