package keyword

import (
	"context"
	"fmt"
	"slices"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// heldBack is how much of the sound that was held back is heard when the voice gate opens, at least.
const heldBack = time.Second

// Flow hears keywords with one model. It is a pipeline.StreamingModel.
type Flow struct {
	engine pipeline.Engine
	ran    pipeline.Device

	rate   int   // samples a second
	unit   int64 // samples from one unit to the next
	window int64 // samples that a window is made of
	step   int64 // units from one run to the next
	first  int64 // samples at the first run
	whole  bool  // only windows are looked at that hold nothing but sound
	back   int64 // units that are made up for

	features features
	history  history
	input    *input
	scores   *scores
	spotter  *audio.Spotter
	levels   *audio.Levels
	silence  []int16 // a step of it
	words    []pipeline.Keyword

	// Where the sound is that began with the last chunk that was First, in samples from its beginning.
	begun bool
	start int64 // of the beginning, as the chunks count
	heard int64 // samples that came
	at    int64 // samples that went into the features: what came, and the silence after the end
	due   int64 // where the window of the next run ends
}

var _ pipeline.StreamingModel[*audio.Chunk] = (*Flow)(nil)

// New makes the Flow of a model. It says all that is wrong with the options, and whether the model's input fits the
// features and its labels the outputs. The engine stays the caller's to close.
func New(e pipeline.Engine, o Options) (*Flow, error) {
	f, err := newFlow(e, o)
	if err != nil {
		return nil, fmt.Errorf("keyword: %w", err)
	}
	return f, nil
}

func newFlow(e pipeline.Engine, o Options) (*Flow, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	front, err := newFrontEnd(o)
	if err != nil {
		return nil, err
	}
	f := &Flow{engine: e, ran: e.Device(), rate: o.Rate, unit: front.unit, features: front.features}
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
	if f.spotter, err = newSpotter(o, f.scores.classes); err != nil {
		return nil, err
	}
	back := max(heldBack, o.Smoothing)
	f.back = int64(back.Seconds() * float64(f.rate) / float64(f.unit))
	f.history = newHistory(units+f.back+2*f.step, in.width)
	f.levels = audio.NewLevels(f.time(f.window) + back + 2*f.time(f.step*f.unit))
	f.silence = make([]int16, f.step*f.unit)
	return f, nil
}

// setStep brings the step to whole units.
func (f *Flow) setStep(o Options) error {
	if o.Step == 0 && o.Features == Waveform {
		f.step = max(f.window/2, 1)
		return nil
	}
	if o.Step == 0 {
		o.Step = 100 * time.Millisecond
	}
	f.step = max(1, int64(o.Step.Seconds()*float64(f.rate)/float64(f.unit)+0.5))
	if f.step*f.unit > f.window {
		return fmt.Errorf("a step of %v is longer than the model's window, %v: what lies between would not be heard",
			o.Step, f.time(f.window))
	}
	return nil
}

// Name is "keyword".
func (f *Flow) Name() string { return "keyword" }

// Device is what ran the model last; before the first run, what is to run it.
func (f *Flow) Device() pipeline.Device { return f.ran }

// Rate is how many samples a second the chunks must have.
func (f *Flow) Rate() int { return f.rate }

// Window is how much sound the model looks at; a word must fit in it.
func (f *Flow) Window() time.Duration { return f.time(f.window) }

// Step is the time from one run to the next.
func (f *Flow) Step() time.Duration { return f.time(f.step * f.unit) }

func (f *Flow) time(samples int64) time.Duration { return audio.At(samples, f.rate) }

// Process hears a chunk. Chunks of another rate, and runs that fail, end the pipeline.
func (f *Flow) Process(ctx context.Context, c *audio.Chunk) (pipeline.Result, error) {
	if c.Rate != f.rate {
		return pipeline.Result{}, fmt.Errorf("keyword: sound of %d samples a second came, but the model's features are made of %d:"+
			" the source must be opened with that rate (Flow.Rate), or the features be those of a model for %d", c.Rate, f.rate, c.Rate)
	}
	if c.First || !f.begun || c.Start != f.start+f.heard {
		f.begin(c.Start)
	}
	f.words = f.words[:0]
	f.levels.Add(c)
	if err := f.hear(ctx, c); err != nil {
		f.begun = false
		return pipeline.Result{}, fmt.Errorf("keyword: the run of the model at %.2f s failed: %w", f.time(f.start+f.due).Seconds(), err)
	}
	if len(f.words) == 0 {
		return pipeline.Result{Quiet: true}, nil
	}
	return pipeline.Result{Keywords: slices.Clone(f.words)}, nil
}

// begin forgets all that was before.
func (f *Flow) begin(start int64) {
	f.begun, f.start, f.heard, f.at, f.due = true, start, 0, 0, f.first
	f.features.start(&f.history)
	f.scores.forget()
	f.spotter.Reset()
}

// hear takes a chunk step by step, so that runs lie on their grid however long it is.
func (f *Flow) hear(ctx context.Context, c *audio.Chunk) error {
	f.heard += int64(len(c.Samples))
	if c.Voice {
		f.leaveOut()
	}
	if err := f.add(ctx, c, c.Samples); err != nil || !c.Last {
		return err
	}
	f.begun = false
	if !c.Voice || f.heard == 0 {
		return nil
	}
	end := f.heard + f.window // up to there the window would hold some of the recording
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

// add takes samples into the features and, while the voice gate is open, makes the runs that are due.
func (f *Flow) add(ctx context.Context, c *audio.Chunk, samples []int16) error {
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

// leaveOut gives up those runs that the voice gate held back for too long.
func (f *Flow) leaveOut() {
	step, oldest := f.step*f.unit, f.at-f.back*f.unit
	if late := oldest - f.due; late > 0 {
		f.due += (late + step - 1) / step * step
		f.scores.forget()
	}
}

// run lets the model look at the window that is due.
func (f *Flow) run(ctx context.Context, c *audio.Chunk) error {
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
	start, end := f.time(f.start+max(f.due-f.window, 0)), f.time(f.start+min(f.due, f.heard))
	before := len(f.words)
	f.words = f.spotter.Add(f.words, scores, start, end)
	for i := range f.words[before:] {
		f.words[before+i].LevelDBFS = f.levels.Loudest(start, end)
	}
	return nil
}
