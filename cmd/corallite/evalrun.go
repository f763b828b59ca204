package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/devicepool"
	"corallite/internal/eval"
	"corallite/internal/eval/dataset"
	"corallite/internal/mot"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
	"corallite/pipeline/vision"
)

// giveAll lets a model give all that it finds, unless flags say otherwise. What a detector gives below a thousandth is noise
// that no measure looks at, but of which there is much.
func (e *evaluation) giveAll(m *configs.Model) {
	const least, most = 0.001, 100
	if !e.model.gives("score_threshold") {
		m.ScoreThreshold = 0
		if m.Task == configs.TaskDetect {
			m.ScoreThreshold = least
		}
	}
	if !e.model.gives("max_results") {
		m.MaxResults = 0
		if m.Task == configs.TaskDetect {
			m.MaxResults = most
		}
	}
	if m.Task == configs.TaskEmbed {
		m.Gallery, m.Vector = "", new(bool)
		*m.Vector = true
	}
}

// runPictures runs models over pictures.
func (e *evaluation) runPictures(ctx context.Context, logger *slog.Logger, names []string, all map[string]configs.Model, measured eval.Options) (_ *eval.Report, ended, err error) {
	var both []configs.Model
	for _, name := range names {
		both = append(both, all[name])
	}
	how, err := assemble.DevicePoolOptions(both, configs.EdgeTPU{}, logger)
	if err != nil {
		return nil, nil, err
	}
	o := e.std.run(logger)
	if o.Pool, err = devicepool.New(ctx, how); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, o.Pool.Close()) }()
	o.Open = map[string]*assemble.VisionModel{}
	defer func() {
		for _, m := range o.Open {
			err = errors.Join(err, m.Close())
		}
	}()
	for _, name := range names {
		v, err := assemble.OpenModel(context.WithoutCancel(ctx), assemble.ModelRequest{Name: name, Model: all[name], Items: len(measured.Set.Samples), Pool: o.Pool, Logger: logger, Models: all})
		if err != nil {
			return nil, nil, err
		}
		o.Open[name] = v
		m := eval.Model{Name: name, Labels: all[name].Labels}
		if l, ok := v.Task.(vision.Labelled); ok {
			m.Labels = l.Labels()
		}
		measured.Models = append(measured.Models, m)
	}
	gather, err := eval.NewGather(measured)
	if err != nil {
		return nil, nil, usageError{err}
	}
	p := configs.Pipeline{Source: &camera.VideoConfig{Video: gather.Paths(), Decode: e.decode}, Models: names}
	o.Single = true
	o.Sinks = onlySink(gather)
	sum, err := app.RunOn(ctx, configs.One("eval", p, all), o)
	if ended, err = told(oneShot(ctx, sum, err, true)); err != nil {
		return nil, nil, err
	}
	report := gather.Report()
	if report.Samples == 0 {
		return nil, nil, fmt.Errorf("no file of %s has a result", e.folder)
	}
	return report, ended, nil
}

// runSounds runs models over recordings.
func (e *evaluation) runSounds(ctx context.Context, logger *slog.Logger, names []string, all map[string]configs.Model, measured eval.Options) (_ *eval.Report, ended, err error) {
	if err := e.addNegatives(measured.Set); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		words, err := heardWords(ctx, name, all[name], slog.New(slog.DiscardHandler)) // the run says it all
		if err != nil {
			return nil, nil, err
		}
		measured.Models = append(measured.Models, eval.Model{Name: name, Labels: words})
	}
	hearing, err := eval.NewHearing(measured)
	if err != nil {
		return nil, nil, usageError{err}
	}
	o := e.std.run(logger)
	o.Single = true
	o.Watch = func(model string) assemble.Watch {
		for i, name := range names {
			if name == model {
				return hearing.Watch(i)
			}
		}
		return nil
	}
	p := configs.Pipeline{Source: &mic.SoundConfig{Sound: hearing.Paths()}, Models: names}
	sum, err := app.Run(ctx, configs.One("eval", p, all), o)
	if ended, err = told(oneShot(ctx, sum, err, true)); err != nil {
		return nil, nil, err
	}
	report, err := hearing.Report()
	if err != nil {
		return nil, nil, err
	}
	for i := range report.Models {
		report.Models[i].Device = sum.Pipelines["eval"].Device
	}
	return report, ended, nil
}

// addNegatives adds recordings without words to a set.
func (e *evaluation) addNegatives(set *dataset.Set) error {
	if len(e.negatives) == 0 {
		return nil
	}
	files, err := mic.NewFiles(mic.FilesOptions{Paths: e.negatives, Rate: 16000})
	if err != nil {
		return usageError{fmt.Errorf("--negatives %w", err)}
	}
	defer files.Close()
	named, ok := files.(interface{ Names() []string })
	if !ok {
		return errors.New("the source of recordings does not name its files")
	}
	set.Classes = append(set.Classes, eval.Other)
	for _, path := range named.Names() {
		set.Samples = append(set.Samples, dataset.Sample{Path: path, Label: eval.Other})
	}
	return nil
}

// heardWords opens a model to see which words it listens for.
func heardWords(ctx context.Context, name string, m configs.Model, logger *slog.Logger) (words []string, err error) {
	pool, err := assemble.NewDevicePool(ctx, []configs.Model{m}, configs.EdgeTPU{}, logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	models, err := assemble.OpenAudioModels(context.WithoutCancel(ctx), []assemble.ModelRequest{{Name: name, Model: m, Pool: pool, Logger: logger}}, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	for _, w := range models.Words {
		words = append(words, w.Labels...)
	}
	return words, nil
}

// runTracking runs models over a video, and follows the objects.
func (e *evaluation) runTracking(ctx context.Context, logger *slog.Logger, names []string, all map[string]configs.Model) (_ *eval.Report, ended, err error) {
	text, err := regfile.Open(e.folder)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--data %w", err)}
	}
	defer text.Close()
	truth, err := mot.Read(text)
	if err == nil && len(truth) == 0 {
		err = errors.New("has no objects")
	}
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--data %s: %w", e.folder, err)}
	}
	follow := eval.NewFollowing(e.folder, names, truth)
	o := e.std.run(logger)
	o.Single = true
	o.Sinks = onlySink(follow)
	p := configs.Pipeline{Source: &camera.VideoConfig{Video: []string{e.video}}, Models: names}
	sum, err := app.Run(ctx, configs.One("eval", p, all), o)
	if ended, err = told(oneShot(ctx, sum, err, true)); err != nil {
		return nil, nil, err
	}
	report, err := follow.Report()
	return report, ended, err
}

// told parts how a run ended in failures of files, which were told and leave a report of the others, and what ends the command.
func told(err error) (files, fatal error) {
	if errors.Is(err, errReported) {
		return err, nil
	}
	return nil, err
}

// onlySink gives what is found to a sink.
func onlySink(to pipeline.Sink) func(string, any) ([]pipeline.NamedSink, error) {
	return func(string, any) ([]pipeline.NamedSink, error) {
		return []pipeline.NamedSink{{Name: "eval", Sink: to}}, nil
	}
}
