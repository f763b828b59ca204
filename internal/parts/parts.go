// Package parts has the lists of all parts that a configuration can name. A part is added by its package and its line
// here.
package parts

import (
	"corallite/internal/monitor"
	"corallite/internal/part"
	"corallite/internal/serve"
	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/internal/sink/command"
	"corallite/internal/sink/mqtt"
	"corallite/internal/sink/preview"
	"corallite/internal/sink/webhook"
	"corallite/internal/wyoming"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// Lists are parts by their family, in the order in which they are documented. Each function makes a part with nothing
// set.
type Lists struct {
	Sources []func() part.Source
	Sinks   []func() part.Sink

	Services []func() part.Service // blocks at the top of a configuration
}

// All are the parts of the program.
func All() Lists {
	return Lists{
		Sources: []func() part.Source{
			func() part.Source { return new(camera.ImagesConfig) },
			func() part.Source { return new(camera.FolderConfig) },
			func() part.Source { return new(camera.VideoConfig) },
			func() part.Source { return new(camera.DeviceConfig) },
			func() part.Source { return new(camera.URLConfig) },
			func() part.Source { return new(camera.GStreamerConfig) },
			func() part.Source { return new(camera.FFmpegConfig) },
			func() part.Source { return new(mic.MicrophoneConfig) },
			func() part.Source { return new(mic.SoundConfig) },
			func() part.Source { return new(mic.FolderConfig) },
			func() part.Source { return new(wyoming.Config) },
		},
		Sinks: []func() part.Sink{
			func() part.Sink { return new(sink.JSONLConfig) },
			func() part.Sink { return new(sink.TableConfig) },
			func() part.Sink { return new(annotate.PicturesOptions) },
			func() part.Sink { return new(annotate.VideoOptions) },
			func() part.Sink { return new(preview.Config) },
			func() part.Sink { return new(command.Options) },
			func() part.Sink { return new(webhook.Options) },
			func() part.Sink { return new(mqtt.Config) },
		},
		Services: []func() part.Service{
			func() part.Service { return new(monitor.Config) },
			func() part.Service { return new(mqtt.Broker) },
			func() part.Service { return new(serve.Config) },
		},
	}
}

// Sink makes a sink of that kind; nil: there is none.
func (l Lists) Sink(kind string) part.Sink {
	for _, make := range l.Sinks {
		if s := make(); s.About().Kind == kind {
			return s
		}
	}
	return nil
}

// Source makes a source of that kind; nil: there is none.
func (l Lists) Source(kind string) part.Source {
	for _, make := range l.Sources {
		if s := make(); s.About().Kind == kind {
			return s
		}
	}
	return nil
}
