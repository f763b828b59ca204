package assemble

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"corallite/configs"
	"corallite/internal/terminal"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/sink"
	"corallite/pipeline/sink/annotate"
	programs "corallite/pipeline/sink/command"
	"corallite/pipeline/sink/preview"
	"corallite/pipeline/sink/webhook"
	"corallite/pipeline/vision"
)

// probe fails when a file that a sink is to write cannot be written.
func probe(p configs.Pipeline) error {
	for _, c := range p.Sinks {
		var err error
		if c.Kind == configs.SinkJSONL || c.Kind == configs.SinkTable { // the others look at their folders themselves
			err = writable(c.Path)
		}
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Kind, err)
		}
	}
	return nil
}

// writable fails when a file cannot be written. It changes nothing: what is there stays as it is, and what is not there
// is made and removed. Pipes and devices are not looked at, because whoever reads them would notice.
func writable(path string) error {
	if path == "-" || path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	absent := errors.Is(err, fs.ErrNotExist)
	if info, err := os.Stat(path); !absent && (err != nil || !info.Mode().IsRegular()) {
		return nil
	}
	flags := os.O_WRONLY
	if absent {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: make the folder %s first", err, filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	err = f.Close()
	if absent {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// lastSinks are the sinks whose opening empties a file, or shows what others cannot take back.
var lastSinks = []string{configs.SinkPreview, configs.SinkJSONL, configs.SinkTable}

// openSinks opens the sinks of a stream that are among the last ones, or those that are not.
func openSinks[T pipeline.Item](s *pipeline.Stream[T], p configs.Pipeline, last bool, open func(configs.Sink) (pipeline.Sink, error)) error {
	if s.Sinks == nil {
		s.Sinks = make([]pipeline.NamedSink, len(p.Sinks))
	}
	for i, c := range p.Sinks {
		if slices.Contains(lastSinks, c.Kind) != last {
			continue
		}
		k, err := open(c)
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Kind, err)
		}
		s.Sinks[i] = pipeline.NamedSink{Name: c.Kind, Sink: k, Queue: c.Queue}
		if _, ok := k.(pipeline.AsyncSink); ok { // whose own queue it is, in which no item is held
			s.Sinks[i].Queue = pipeline.DefaultQueue
		}
	}
	return nil
}

// openSink opens a sink for whatever the items are.
func (b *Builder) openSink(c configs.Sink, table sink.TableOptions) (pipeline.Sink, error) {
	switch c.Kind {
	case configs.SinkJSONL:
		if c.Path == "-" {
			return sink.NewJSONL(b.Console.Above(b.Stdout), "standard output"), nil
		}
		return sink.OpenJSONL(b.interrupted, c.Path, sink.FileOptions{Append: c.Append})
	case configs.SinkTable:
		if c.Path == "-" {
			table.Width = terminal.Width(b.Stdout)
			return sink.NewTable(b.Console.Above(b.Stdout), table), nil
		}
		return sink.OpenTable(b.interrupted, c.Path, table, sink.FileOptions{Append: c.Append})
	case configs.SinkCommand:
		return programs.New(programs.Options{
			On: c.On.Map(), Parallel: c.Parallel, Queue: c.Queue, Timeout: seconds(c.Timeout), MinInterval: seconds(c.MinInterval), Env: c.Env,
		})
	case configs.SinkWebhook:
		return openWebhook(c)
	default:
		return nil, fmt.Errorf("there is no such sink")
	}
}

func openWebhook(c configs.Sink) (pipeline.Sink, error) {
	token, err := webhook.Token(c.TokenEnv, c.TokenFile)
	if err != nil {
		return nil, err
	}
	return webhook.New(webhook.Options{
		URL: c.URL, Headers: c.Headers.Map(), Token: token, Empty: c.Empty, Queue: c.Queue, Retries: c.Retries,
		Timeout: seconds(c.Timeout), Flush: seconds(c.Flush),
	})
}

// KeptNotice says that what an earlier run has written stays.
func KeptNotice(to Console, how string) func(existing, used string) {
	return func(existing, used string) {
		to.Say(slog.LevelInfo, fmt.Sprintf("%s is there already and stays; writing %s (%s replaces it)", existing, used, how))
	}
}

// openSink opens a sink, among them those that show pictures.
func (p *visionPlan) openSink(c configs.Sink) (pipeline.Sink, error) {
	switch c.Kind {
	case configs.SinkPictures:
		return annotate.NewPictures(annotate.PicturesOptions{Dir: c.Dir, Overwrite: c.Overwrite, Notice: KeptNotice(p.b.Console, "overwrite: true")})
	case configs.SinkPreview:
		k, err := p.show(c, preview.SinkOptions{})
		if held, ok := p.Source.(*camera.Select); ok && err == nil {
			held.OnHeld(func(f *vision.Frame) { k.Show(f) })
		}
		return k, err
	case configs.SinkVideo:
		return annotate.NewVideo(annotate.VideoOptions{
			Path: c.Path, Live: p.Source.Live(), Overwrite: c.Overwrite, Notice: KeptNotice(p.b.Console, "overwrite: true"),
		})
	default:
		return p.b.openSink(c, sink.TableOptions{Model: len(p.c.Models) > 1, Time: moves(p.Source)})
	}
}
