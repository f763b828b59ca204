package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/fleet"
	"corallite/internal/paths"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/audio/keyword"
	"corallite/pipeline/audio/mel"
	"corallite/pipeline/audio/micro"
	"corallite/pipeline/audio/openww"
	"corallite/pipeline/score"
	"corallite/tflite/schema"
)

// ears are the models of a pipeline of sound, and what they share.
type ears struct {
	rate    int          // of the sound, samples a second
	level   *audio.Level // the first of the stages
	stages  []audio.Stage
	models  []pipeline.Model[*audio.Chunk]
	closers closers

	chain [2]string // the openWakeWord models that a stage runs
}

// Close closes the engines.
func (e *ears) Close() error { return e.closers.Close() }

// openEars opens models that listen. With a gate they run only while there is a voice.
func openEars(ctx context.Context, all []modelRequest, gate bool) (*ears, error) {
	level := audio.NewLevel()
	e := &ears{level: level, stages: []audio.Stage{level}}
	if gate {
		g, err := audio.NewGate(audio.GateOptions{})
		if err != nil {
			return nil, err
		}
		e.stages = append(e.stages, g)
	}
	for _, r := range all {
		if err := e.add(ctx, r); err != nil {
			return nil, errors.Join(fmt.Errorf("model %s: %w", r.model.Path, err), e.Close())
		}
	}
	return e, nil
}

// add opens one model.
func (e *ears) add(ctx context.Context, r modelRequest) error {
	rate := wakewordRate
	var o keyword.Options
	var err error
	if r.model.Task == configs.TaskKeyword {
		if o, err = keywordOptions(r.model); err != nil {
			return err
		}
		rate = cmp.Or(o.Rate, o.Mel.Rate)
	}
	if e.rate != 0 && e.rate != rate {
		return fmt.Errorf("it wants %d samples a second, and the model before it %d: put them into pipelines of their own", rate, e.rate)
	}
	e.rate = rate
	var flow pipeline.Flow[*audio.Chunk]
	switch {
	case r.model.Task == configs.TaskKeyword:
		flow, err = e.keyword(ctx, r, o)
	case r.model.Manifest != "":
		flow, err = e.micro(ctx, r)
	default:
		flow, err = e.openww(ctx, r)
	}
	if err != nil {
		return err
	}
	e.models = append(e.models, pipeline.Model[*audio.Chunk]{Name: r.name, Flow: flow})
	return nil
}

// wakewordRate is what both kinds of wake words were trained with.
const wakewordRate = 16000

// engine opens the one engine of a model that holds state.
func (e *ears) engine(ctx context.Context, r modelRequest) (pipeline.Engine, error) {
	files, err := delegate.ResolveFiles(r.model.Path, r.model.EdgeTPU)
	if err != nil {
		return nil, err
	}
	model, shapes, err := r.fleet.Read(ctx, files, r.shapes)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	r.model.Engines = 1
	engines, err := openEngines(ctx, r, model, shapes, &e.closers)
	if err != nil {
		return nil, err
	}
	return engines[0], nil
}

func (e *ears) keyword(ctx context.Context, r modelRequest, o keyword.Options) (pipeline.Flow[*audio.Chunk], error) {
	engine, err := e.engine(ctx, r)
	if err != nil {
		return nil, err
	}
	return keyword.New(engine, o)
}

// micro opens a microWakeWord model.
func (e *ears) micro(ctx context.Context, r modelRequest) (pipeline.Flow[*audio.Chunk], error) {
	m, err := micro.ReadManifest(r.model.Manifest)
	if err != nil {
		return nil, err
	}
	if r.model.Delegate == "auto" && r.model.EdgeTPU == "" {
		r.model.Delegate = string(delegate.None) // with which it answers as it was trained, and sooner
	}
	engine, err := e.engine(ctx, r)
	if err != nil {
		return nil, err
	}
	flow, err := micro.NewWakeWord(m, engine, micro.Options{Cutoff: float32(r.model.ScoreThreshold), Refractory: refractory(r.model)})
	if err != nil {
		return nil, err
	}
	for _, s := range e.stages {
		if _, there := s.(*micro.Stage); there {
			return flow, nil
		}
	}
	e.stages = append(e.stages, micro.NewStage())
	return flow, nil
}

// openww opens the word model of an openWakeWord chain, and the two before it, unless another model has done so.
func (e *ears) openww(ctx context.Context, r modelRequest) (pipeline.Flow[*audio.Chunk], error) {
	chain := [2]string{r.model.Melspectrogram, r.model.Embedding}
	if e.chain != [2]string{} {
		same, err := sameFiles(e.chain, chain)
		if err != nil {
			return nil, err
		}
		if !same {
			return nil, fmt.Errorf("it comes after %s and %s, and another model of the pipeline after %s and %s: put them into pipelines of their own",
				chain[0], chain[1], e.chain[0], e.chain[1])
		}
	} else {
		if err := e.openStage(ctx, r, chain); err != nil {
			return nil, err
		}
		e.chain = chain
	}
	engine, err := e.engine(ctx, r)
	if err != nil {
		return nil, err
	}
	label := r.name
	if len(r.model.Labels) > 0 {
		label = r.model.Labels[0]
	}
	return openww.NewWakeWord(label, engine, openww.Options{
		Threshold: float32(r.model.ScoreThreshold), Patience: r.model.Patience, Refractory: refractory(r.model),
	})
}

// maxShared is the most bytes of a model that others share; those of openWakeWord have about 1 MB.
const maxShared = 256 << 20

// sameFiles says whether files have the same contents: each model of the catalog has its own copy of what it shares.
func sameFiles(a, b [2]string) (bool, error) {
	for i := range a {
		one, err := paths.Read(a[i], maxShared)
		if err != nil {
			return false, err
		}
		other, err := paths.Read(b[i], maxShared)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(one, other) {
			return false, nil
		}
	}
	return true, nil
}

func (e *ears) openStage(ctx context.Context, r modelRequest, chain [2]string) error {
	r.model.EdgeTPU, r.model.Segments = "", nil
	var engines [2]pipeline.Engine
	mel := func(*schema.Subgraph) ([][]int, error) { return openww.MelShapes(), nil }
	for i, shapes := range [2]fleet.Shapes{mel, nil} {
		r.model.Path, r.shapes = chain[i], shapes
		var err error
		if engines[i], err = e.engine(ctx, r); err != nil {
			return err
		}
	}
	stage, err := openww.NewStage(engines[0], engines[1])
	if err != nil {
		return err
	}
	e.stages = append(e.stages, stage)
	return nil
}

// defaultRefractory is for how long a word is not heard again.
const defaultRefractory = time.Second

func refractory(m configs.Model) time.Duration {
	if m.Refractory == nil {
		return defaultRefractory
	}
	return seconds(*m.Refractory)
}

// keywordOptions makes of a configuration what a keyword model needs.
func keywordOptions(m configs.Model) (keyword.Options, error) {
	f := m.Features
	o := keyword.Options{Features: keyword.LogMel}
	switch f.Kind {
	case "coral":
		if f.Rate != 0 || f.Bins != 0 || f.FFT != 0 || f.WindowMS != 0 || f.HopMS != 0 {
			return o, errors.New("features: kind coral says it all: leave the other keys out")
		}
		o = keyword.Coral()
	case "waveform":
		o.Features, o.Rate = keyword.Waveform, cmp.Or(f.Rate, wakewordRate)
	default:
		rate := cmp.Or(f.Rate, wakewordRate)
		o.Mel = mel.Options{
			Rate: rate, WindowMS: cmp.Or(f.WindowMS, 25), HopMS: cmp.Or(f.HopMS, 10), FFT: f.FFT, Bins: cmp.Or(f.Bins, 40),
			LowHz: 20, HighHz: cmp.Or(f.HighHz, float64(rate)/2), Scale: mel.Scale(f.Scale), Spectrum: mel.Spectrum(f.Spectrum),
			Mean: f.Mean, Std: f.Std,
		}
		if f.LowHz != nil {
			o.Mel.LowHz = *f.LowHz
		}
		if f.Floor != nil {
			o.Mel.Floor = *f.Floor
		}
		switch {
		case f.Offset != nil:
			o.Mel.Offset = *f.Offset
		case o.Mel.Floor == 0:
			o.Mel.Offset = 1e-6
		}
		o.PerWindow, o.RangeDB = f.PerWindow, f.RangeDB
	}
	if m.LabelOffset != nil {
		o.LabelOffset = *m.LabelOffset
	}
	o.Labels, o.Allow, o.Deny = m.Labels, m.CategoryAllowlist, m.CategoryDenylist
	if m.ScoreThreshold > 0 {
		o.Threshold = float32(m.ScoreThreshold)
	}
	if len(m.Thresholds) > 0 {
		o.Thresholds = map[string]float32{}
		for label, t := range m.Thresholds {
			o.Thresholds[label] = float32(t)
		}
	}
	if m.MaxResults > 0 {
		o.MaxResults = m.MaxResults
	}
	if m.Step > 0 {
		o.Step = seconds(m.Step)
	}
	o.Activation, o.Sensitivity = score.Activation(m.Activation), m.Sensitivity
	o.Smoothing, o.Refractory = seconds(m.Smoothing), refractory(m)
	return o, nil
}
