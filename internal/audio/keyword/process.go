package keyword

import (
	"context"
	"fmt"
	"slices"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// heldBack is the minimum time for which missed runs are made up for when voice begins.
const heldBack = time.Second

// Model is a keyword model as a pipeline.StreamingModel.
type Model struct {
	engine pipeline.Engine
	ran    pipeline.Device

	rate   int   // samples per second
	unit   int64 // samples from one unit to the next
	window int64 // samples in a window
	step   int64 // units from one run to the next
	first  int64 // samples at the first run
	whole  bool  // use only windows that are full of sound
	back   int64 // units of missed runs that are made up for

	features features
	history  history
	input    *input
	scores   *scores
	o        Options
	groups   *grouping
	spotter  *audio.Spotter
	levels   *audio.Levels
	silence  []int16 // one step
	words    []pipeline.Keyword

	// Positions in the current sound, in samples from its beginning at the last chunk that was First.
	begun    bool
	start    int64 // Chunk.Start of the beginning
	received int64 // samples received
	at       int64 // samples in the features: those received, and silence after the end
	due      int64 // end of the window of the next run
}

var _ pipeline.StreamingModel[*audio.Chunk] = (*Model)(nil)

// New returns a Model. Its error has everything that is wrong with the options, with the model's input for these features,
// and with the labels for its outputs. The caller closes the engine.
func New(e pipeline.Engine, o Options) (*Model, error) {
	f, err := newModel(e, o)
	if err != nil {
		return nil, fmt.Errorf("keyword: %w", err)
	}
	return f, nil
}

func newModel(e pipeline.Engine, o Options) (*Model, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	front, err := newFrontEnd(o)
	if err != nil {
		return nil, err
	}
	f := &Model{o: o, engine: e, ran: e.Device(), rate: o.Rate, unit: front.unit, features: front.features}
	in, units, err := newInput(e.Inputs(), o, front)
	if err != nil {
		return nil, err
	}
	f.input, f.window = in, front.samples(units)
	if err := f.setStep(o); err != nil {
		return nil, err
	}
	f.first = f.step * f.unit
	if f.whole = o.Features == Micro; f.whole {
		f.first = (f.window + f.first - 1) / f.first * f.first
	}
	if f.scores, err = newScores(e.Outputs(), o, f.time(f.step*f.unit)); err != nil {
		return nil, err
	}
	if f.spotter, f.groups, err = newSpotter(o, f.scores.classes); err != nil {
		return nil, err
	}
	back := max(heldBack, o.Smoothing)
	f.back = int64(back.Seconds() * float64(f.rate) / float64(f.unit))
	f.history = newHistory(units+f.back+2*f.step, in.width)
	f.levels = audio.NewLevels(f.time(f.window) + back + 2*f.time(f.step*f.unit))
	f.silence = make([]int16, f.step*f.unit)
	return f, nil
}

// setStep rounds the step to whole units.
func (f *Model) setStep(o Options) error {
	if o.Step == 0 && o.Features == Waveform {
		f.step = max(f.window/2, 1)
		return nil
	}
	if o.Step == 0 {
		o.Step = 100 * time.Millisecond
	}
	f.step = max(1, int64(o.Step.Seconds()*float64(f.rate)/float64(f.unit)+0.5))
	if f.step*f.unit > f.window {
		return fmt.Errorf("invalid step %v (want at most the window of the model, %v)",
			o.Step, f.time(f.window))
	}
	return nil
}

// Name is "keyword".
func (f *Model) Name() string { return "keyword" }

// Device returns what ran the model last, or what will run it first.
func (f *Model) Device() pipeline.Device { return f.ran }

// Rate returns the sample rate that the chunks must have.
func (f *Model) Rate() int { return f.rate }

// Window returns the length of sound that the model sees; a word must fit into it.
func (f *Model) Window() time.Duration { return f.time(f.window) }

// Step returns the time from one run to the next.
func (f *Model) Step() time.Duration { return f.time(f.step * f.unit) }

func (f *Model) time(samples int64) time.Duration { return audio.At(samples, f.rate) }

// Process processes a chunk. A chunk of another rate and a failed run are errors, which end the pipeline.
func (f *Model) Process(ctx context.Context, c *audio.Chunk) (pipeline.Result, error) {
	if c.Rate != f.rate {
		return pipeline.Result{}, fmt.Errorf("keyword: invalid sample rate %d of a chunk (want %d: open the source with the rate of the model, Model.Rate)", c.Rate, f.rate)
	}
	if c.First || !f.begun || c.Start != f.start+f.received {
		f.begin(c.Start)
	}
	if now := f.o.Now; now != nil && now() != f.o.Threshold {
		f.o.Threshold = now()
		if err := f.groups.change(&f.o, f.spotter); err != nil {
			return pipeline.Result{}, fmt.Errorf("keyword: %w", err)
		}
	}
	f.words = f.words[:0]
	f.levels.Add(c)
	if err := f.receive(ctx, c); err != nil {
		f.begun = false
		return pipeline.Result{}, fmt.Errorf("keyword: running the model at %.2f s: %w", f.time(f.start+f.due).Seconds(), err)
	}
	if len(f.words) == 0 {
		return pipeline.Result{Suppress: true}, nil
	}
	return pipeline.Result{Keywords: slices.Clone(f.words)}, nil
}

// begin resets all state.
func (f *Model) begin(start int64) {
	f.begun, f.start, f.received, f.at, f.due = true, start, 0, 0, f.first
	f.features.start(&f.history)
	f.scores.forget()
	f.spotter.Reset()
}

// receive adds a chunk step by step, so that runs stay on their grid whatever its length.
func (f *Model) receive(ctx context.Context, c *audio.Chunk) error {
	f.received += int64(len(c.Samples))
	if c.Voice {
		f.skipMissed()
	}
	if err := f.add(ctx, c, c.Samples); err != nil || !c.Last {
		return err
	}
	f.begun = false
	if !c.Voice || f.received == 0 {
		return nil
	}
	end := f.received + f.window // until there the window has some of the recording
	if f.whole {
		end = f.first + 1
	}
	for f.due < end {
		if err := f.add(ctx, c, f.silence[:min(f.due-f.at, int64(len(f.silence)))]); err != nil {
			return err
		}
	}
	return nil
}

// add adds samples to the features and, while there is voice, makes the runs that are due.
func (f *Model) add(ctx context.Context, c *audio.Chunk, samples []int16) error {
	step := f.step * f.unit
	for {
		for ; c.Voice && f.due <= f.at; f.due += step {
			if err := f.run(ctx, c); err != nil {
				return err
			}
		}
		n := min(step-f.at%step, int64(len(samples)))
		if n == 0 {
			return nil
		}
		f.features.add(&f.history, samples[:n])
		f.at, samples = f.at+n, samples[n:]
	}
}

// skipMissed skips runs that were held back for too long.
func (f *Model) skipMissed() {
	step, oldest := f.step*f.unit, f.at-f.back*f.unit
	if late := oldest - f.due; late > 0 {
		f.due += (late + step - 1) / step * step
		f.scores.forget()
	}
}

// run runs the model on the window that is due.
func (f *Model) run(ctx context.Context, c *audio.Chunk) error {
	if err := f.input.write(f.engine.Input(0), &f.history, f.due/f.unit); err != nil {
		return err
	}
	if err := f.engine.Invoke(ctx); err != nil {
		return err
	}
	f.ran = f.engine.Device()
	scores, err := f.scores.read(f.engine)
	if err != nil {
		return err
	}
	start, end := f.time(f.start+max(f.due-f.window, 0)), f.time(f.start+min(f.due, f.received))
	before := len(f.words)
	f.words = f.spotter.Add(f.words, f.groups.join(scores), start, end)
	for i := range f.words[before:] {
		f.words[before+i].LevelDBFS = f.levels.Loudest(start, end)
	}
	return nil
}
