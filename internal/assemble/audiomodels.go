package assemble

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/audio/keyword"
	"corallite/internal/audio/microwakeword"
	"corallite/internal/audio/openwakeword"
	"corallite/internal/devicepool"
	"corallite/internal/regfile"
	"corallite/internal/schema"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// AudioModels are the models of a pipeline of sound, and what they share.
type AudioModels struct {
	Rate   int          // of the sound, samples a second
	Level  *audio.Level // the first of the stages
	Stages []audio.Stage
	Models []*pipeline.Model[*audio.Chunk]
	Words  []Words // of each model, what it listens for

	closers closers
	chain   [2]string // the openWakeWord models that a stage runs
}

// Words are what a model listens for.
type Words struct {
	Labels    []string // of its keywords
	Author    string   // of the model; "": nobody says
	URL       string
	Languages []string
}

// Close closes the engines.
func (e *AudioModels) Close() error { return e.closers.Close() }

// OpenAudioModels opens models for sound. With a gate they run only while there is a voice.
func OpenAudioModels(ctx context.Context, all []ModelRequest, gate bool) (*AudioModels, error) {
	level := audio.NewLevel()
	e := &AudioModels{Level: level, Stages: []audio.Stage{level}}
	if gate {
		g, err := audio.NewVAD(audio.VADOptions{})
		if err != nil {
			return nil, err
		}
		e.Stages = append(e.Stages, g)
	}
	for _, r := range all {
		if err := e.add(ctx, r); err != nil {
			if !errors.As(err, new(namedError)) {
				err = fmt.Errorf("model %s: %w", r.Model.Path, err)
			}
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// add opens one model.
func (e *AudioModels) add(ctx context.Context, r ModelRequest) (err error) {
	var streaming pipeline.StreamingModel[*audio.Chunk]
	w := &watched{watch: r.Watch}
	switch {
	case r.Model.Task == configs.TaskKeyword:
		streaming, err = e.keyword(ctx, r, w.hook())
	case r.Model.Manifest != "":
		streaming, err = e.micro(ctx, r, w.hook())
	default:
		streaming, err = e.openww(ctx, r, w.hook())
	}
	if err != nil {
		return err
	}
	if r.Watch != nil {
		w.StreamingModel, streaming = streaming, w
	}
	model, err := pipeline.NewStreamingModel(r.Name, streaming)
	if err != nil {
		return err
	}
	e.Models = append(e.Models, model)
	return nil
}

// setRate holds the rate that a model wants against that of the models before it.
func (e *AudioModels) setRate(rate int) error {
	if e.Rate != 0 && e.Rate != rate {
		return fmt.Errorf("it needs %d samples per second, and the model before it %d: use separate pipelines", rate, e.Rate)
	}
	e.Rate = rate
	return nil
}

// wakewordRate is what both kinds of wake words were trained with.
const wakewordRate = 16000

// namedError is an error that names the model's file already.
type namedError struct{ error }

func (e namedError) Unwrap() error { return e.error }

// read reads a model's files.
func (e *AudioModels) read(ctx context.Context, r ModelRequest) (*delegate.Model, [][]int, error) {
	files, err := delegate.ResolveFiles(r.Model.Path, r.Model.EdgeTPU)
	if err != nil {
		return nil, nil, namedError{err}
	}
	model, shapes, err := r.Pool.Read(ctx, files, r.Model.Signature, r.shapes)
	if err != nil {
		return nil, nil, namedError{err}
	}
	return model, shapes, nil
}

// open opens the one engine of a model that holds state.
func (e *AudioModels) open(ctx context.Context, r ModelRequest, model *delegate.Model, shapes [][]int) (pipeline.Engine, error) {
	r.Model.Engines = 1
	engines, err := openEngines(ctx, r, model, shapes, &e.closers)
	if err != nil {
		return nil, namedError{err}
	}
	return engines[0], nil
}

// engine reads a model and opens its engine.
func (e *AudioModels) engine(ctx context.Context, r ModelRequest) (pipeline.Engine, error) {
	model, shapes, err := e.read(ctx, r)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return e.open(ctx, r, model, shapes)
}

func (e *AudioModels) keyword(ctx context.Context, r ModelRequest, watch audio.Watch) (pipeline.StreamingModel[*audio.Chunk], error) {
	model, shapes, err := e.read(ctx, r)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	o, err := keywordOptions(r.Model, model)
	if err != nil {
		return nil, err
	}
	o.Watch = watch
	if err := e.setRate(cmp.Or(o.Rate, o.Mel.Rate, microwakeword.Rate)); err != nil {
		return nil, err
	}
	engine, err := e.open(ctx, r, model, shapes)
	if err != nil {
		return nil, err
	}
	e.Words = append(e.Words, Words{Labels: o.Words()})
	o.Threshold = cmp.Or(o.Threshold, keyword.DefaultThreshold)
	o.Now = r.changing(o.Threshold)
	return keyword.New(engine, o)
}

// micro opens a microWakeWord model.
func (e *AudioModels) micro(ctx context.Context, r ModelRequest, watch audio.Watch) (pipeline.StreamingModel[*audio.Chunk], error) {
	if err := e.setRate(wakewordRate); err != nil {
		return nil, err
	}
	m, err := microwakeword.ReadManifest(r.Model.Manifest)
	if err != nil {
		return nil, err
	}
	engine, err := e.engine(ctx, r)
	if err != nil {
		return nil, err
	}
	cutoff := cmp.Or(float32(r.Model.ScoreThreshold), m.Cutoff)
	word, err := microwakeword.NewWakeWord(m, engine, microwakeword.Options{Cutoff: cutoff, Refractory: refractory(r.Model), Now: r.changing(cutoff), Watch: watch})
	if err != nil {
		return nil, err
	}
	e.Words = append(e.Words, Words{Labels: []string{m.WakeWord}, Author: m.Author, URL: m.Website, Languages: m.Languages})
	if !m.Shares() {
		return word, nil
	}
	for _, s := range e.Stages {
		if _, there := s.(*microwakeword.Stage); there {
			return word, nil
		}
	}
	e.Stages = append(e.Stages, microwakeword.NewStage())
	return word, nil
}

// openww opens the word model of an openWakeWord chain, and the two before it, unless another model has done so.
func (e *AudioModels) openww(ctx context.Context, r ModelRequest, watch audio.Watch) (pipeline.StreamingModel[*audio.Chunk], error) {
	if err := e.setRate(wakewordRate); err != nil {
		return nil, err
	}
	chain := [2]string{r.Model.Melspectrogram, r.Model.Embedding}
	if e.chain != [2]string{} {
		same, err := sameFiles(e.chain, chain)
		if err != nil {
			return nil, err
		}
		if !same {
			return nil, fmt.Errorf("it comes after %s and %s, and another model of the pipeline after %s and %s: use separate pipelines",
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
	label := r.Name
	if len(r.Model.Labels) > 0 {
		label = r.Model.Labels[0]
	}
	e.Words = append(e.Words, Words{Labels: []string{label}})
	threshold := cmp.Or(float32(r.Model.ScoreThreshold), openwakeword.DefaultThreshold)
	return openwakeword.NewWakeWord(label, engine, openwakeword.Options{
		Threshold: threshold, Patience: r.Model.Patience, Refractory: refractory(r.Model), Now: r.changing(threshold), Watch: watch,
	})
}

// maxShared is the most bytes of a model that others share; those of openWakeWord have about 1 MB.
const maxShared = 256 << 20

// sameFiles says whether files have the same contents: each model of the catalog has its own copy of what it shares.
func sameFiles(a, b [2]string) (bool, error) {
	for i := range a {
		one, err := regfile.Read(a[i], maxShared)
		if err != nil {
			return false, err
		}
		other, err := regfile.Read(b[i], maxShared)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(one, other) {
			return false, nil
		}
	}
	return true, nil
}

func (e *AudioModels) openStage(ctx context.Context, r ModelRequest, chain [2]string) error {
	r.Model.EdgeTPU, r.Model.Segments, r.Model.Signature = "", nil, ""
	var engines [2]pipeline.Engine
	mel := func(*schema.Subgraph) ([][]int, error) { return openwakeword.MelShapes(), nil }
	for i, shapes := range [2]devicepool.Shapes{mel, nil} {
		r.Model.Path, r.shapes = chain[i], shapes
		var err error
		if engines[i], err = e.engine(ctx, r); err != nil {
			return err
		}
	}
	stage, err := openwakeword.NewStage(engines[0], engines[1])
	if err != nil {
		return err
	}
	e.Stages = append(e.Stages, stage)
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

// keywordOptions makes of a configuration, and of what the model's file says, what a keyword model needs.
func keywordOptions(m configs.Model, model *delegate.Model) (o keyword.Options, err error) {
	about, err := model.Describe()
	if err != nil && (m.Features.Kind == "" || len(m.Labels) == 0) {
		return o, err // what it would say is needed
	}
	if err := frontEnd(&o, m.Features, model, about); err != nil {
		return o, err
	}
	if o.Labels, err = soundLabels(m, about); err != nil {
		return o, err
	}
	if m.LabelOffset != nil {
		o.LabelOffset = *m.LabelOffset
	}
	o.Output = m.Output
	o.Allow, o.Deny = m.Allow, m.Deny
	if m.ScoreThreshold > 0 {
		o.Threshold = float32(m.ScoreThreshold)
	}
	if len(m.Thresholds) > 0 {
		o.Thresholds = map[string]float32{}
		for label, t := range m.Thresholds {
			o.Thresholds[label] = float32(t)
		}
	}
	for _, g := range m.Groups {
		group := keyword.Group{Name: g.Name, Labels: g.Labels, Threshold: float32(g.Threshold)}
		if g.Refractory != nil {
			d := seconds(*g.Refractory)
			group.Refractory = &d
		}
		o.Groups = append(o.Groups, group)
	}
	if m.MaxResults > 0 {
		o.MaxResults = m.MaxResults
	}
	if m.Step > 0 {
		o.Step = seconds(m.Step)
	}
	o.Activation, o.Sensitivity = m.Activation, m.Sensitivity
	o.Smoothing, o.Refractory = seconds(m.Smoothing), refractory(m)
	return o, nil
}
