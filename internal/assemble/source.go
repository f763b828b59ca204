package assemble

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"corallite/configs"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// openSource opens a source and says how many items it gives at most; 0: many, or nobody knows.
func (b *Builder) openSource(p configs.Pipeline, sounding bool) (pipeline.Source[*vision.Frame], int, error) {
	c := p.Source
	copied := slices.ContainsFunc(p.Sinks, func(k configs.Sink) bool { x, ok := k.(part.SoundCopier); return ok && x.CopiesSound() })
	source, err := open[*vision.Frame](b.waiting, c, part.SourceEnv{Logger: b.Logger, Required: b.Required, RealTime: b.RealTime, Sounding: sounding, Copied: copied})
	if err != nil {
		return nil, 0, err
	}
	if f, ok := source.(*camera.Files); ok && f.Still() { // pictures, which a command line does not tell from videos
		return source, f.Len(), nil
	}
	if c.About().Still {
		return source, pipeline.StatsOf(source).Total, nil
	}
	return source, 0, nil
}

// open opens a source of items of that type.
func open[T pipeline.Item](ctx context.Context, c configs.Source, env part.SourceEnv) (pipeline.Source[T], error) {
	o, ok := c.(part.Opener[T])
	if !ok {
		return nil, fmt.Errorf("source %s: it does not give %T", c.About().Kind, *new(T))
	}
	return o.Open(ctx, env)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// moves says whether a source gives videos.
func moves(source pipeline.Source[*vision.Frame]) bool {
	if s, ok := source.(*camera.Select); ok {
		source = s.Source()
	}
	f, ok := source.(*camera.Files)
	return ok && !f.Still() || source.Live()
}

// tilesByMotion says whether a model runs only on the tiles of a picture in which something moves.
func (b *Builder) tilesByMotion(model string) bool {
	tiles := b.cfg.Models[model].Tiles
	return tiles != nil && tiles.Motion
}

// selectFrom opens a pipeline's source, and takes from it what the pipeline wants.
func (b *Builder) selectFrom(p configs.Pipeline, sounding bool) (pipeline.Source[*vision.Frame], int, error) {
	source, items, err := b.openSource(p, sounding)
	o := camera.SelectOptions{Every: p.Every, FPS: p.FPS, Motion: p.Motion, Moved: slices.ContainsFunc(p.Models, b.tilesByMotion)}
	copy(o.Region[:], p.Region)
	if err != nil || p.Every <= 1 && p.FPS == 0 && len(p.Region) == 0 && p.Motion == nil && !o.Moved {
		return source, items, err
	}
	s, err := camera.NewSelect(source, o)
	if err != nil {
		return nil, 0, errors.Join(err, source.Close())
	}
	return s, items, nil
}
