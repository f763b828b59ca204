package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"corallite/delegate"
	"corallite/internal/app"
	"corallite/internal/bench"
	"corallite/internal/key"
	"corallite/internal/plot"
	"corallite/internal/regfile"
	"corallite/internal/terminal"
	"corallite/internal/worker"
	"corallite/tflite"
)

// benchmark is the command that measures how fast models run here.
type benchmark struct {
	std              *streams
	on               delegateFlags
	threads, engines string
	seconds, warmup  float64
	runs             int
	profile, asJSON  bool
	plot, compare    string
	signature        string
	shapes           []string
	library          string
}

func newBench(std *streams) *cobra.Command {
	b := &benchmark{std: std, seconds: 2, warmup: 0.5, runs: 20}
	cmd := &cobra.Command{
		Use:   "bench [flags] MODEL...",
		Short: "Measure how fast models run on this machine, alone or against another",
		Long: `Runs each model again and again, with inputs of zeros, in a child process of its own, and says how long opening, the first
run and each further run take, how many runs a second all engines together do, and how much memory and processor time that
needs. Where the machine tells its energy (RAPL, INA sensors), it says that, too: of the whole machine.

--delegate, --threads and --engines take several values with commas; each combination is measured. --profile shows where the
time goes, operator by operator, by the runtime's telemetry interface. With --compare two models run in turn, in short
rounds, and the ratio of their times has a 95 % confidence interval: what slows both down for a while does not count.`,
		Example: `  corallite bench mobilenet_v2.tflite
  corallite bench --delegate xnnpack,none --threads 1,2 --engines 1,2 ssd.tflite
  corallite bench --profile --threads 1 ssd.tflite
  corallite bench float.tflite --compare int8.tflite --json
  corallite bench --plot times.svg digits ssd.tflite`,
		Args:              atLeast(1, "a MODEL"),
		ValidArgsFunction: modelsFor(),
		RunE:              func(cmd *cobra.Command, names []string) error { return b.run(cmd.Context(), names) },
	}
	f := cmd.Flags()
	f.StringVar(&b.threads, "threads", "1", "CPU threads of an engine, several with commas")
	f.StringVar(&b.engines, "engines", "1", "engines that run side by side, several with commas")
	addOwnFlag(f, &b.seconds, key.Number(&b.seconds, "seconds").Above(0).Max(3600), "how long each combination is measured")
	addOwnFlag(f, &b.warmup, key.Number(&b.warmup, "warmup").Min(0).Max(600), "seconds of running before")
	addOwnFlag(f, &b.runs, key.Int(&b.runs, "runs").Min(1).Max(1e6), "measure at least so many runs of each engine")
	f.BoolVar(&b.profile, "profile", false, "show the time of each operator")
	f.BoolVar(&b.asJSON, "json", false, "print one line of JSON")
	f.StringVar(&b.plot, "plot", "", "draw the times as a chart to this `FILE` (SVG)")
	f.StringVar(&b.compare, "compare", "", "second `MODEL`, run in turn with the first")
	f.StringVar(&b.signature, "signature", "", "run the graph of this signature")
	f.StringArrayVar(&b.shapes, "shape", nil, "`SHAPE` of an input that the file leaves open: 1,224,224,3, or INPUT=1,224,224,3 (repeatable)")
	f.StringVar(&b.library, "libedgetpu", "", "path of libedgetpu (default: CORALLITE_LIBEDGETPU, then its usual names)")
	b.on.add(cmd)
	f.Lookup("delegate").Usage = "what runs the models, several with commas, each of which is measured: edgetpu, xnnpack, none, plugin:LIBRARY (default: the Edge TPU for compiled models, xnnpack for others)"
	_ = cmd.RegisterFlagCompletionFunc("compare", modelsFor())
	_ = cmd.RegisterFlagCompletionFunc("plot", filesThat(".svg"))
	return cmd
}

// benchReport is what --json prints.
type benchReport struct {
	CPUs    int            `json:"cpus"`
	Runtime string         `json:"runtime"` // TensorFlow Lite's version
	Energy  string         `json:"energy_meter,omitempty"`
	Results []bench.Result `json:"results"`
	Ratio   *bench.Ratio   `json:"ratio,omitempty"` // of the second's time to the first's
}

func (b *benchmark) run(ctx context.Context, names []string) error {
	cases, err := b.cases(ctx, names)
	if err != nil {
		return err
	}
	o := bench.Options{Seconds: b.seconds, Runs: b.runs, Warmup: b.warmup, Meter: bench.FindMeter("/"), Note: b.std.err.note}
	defer b.std.err.note("")
	r := benchReport{CPUs: runtime.NumCPU(), Runtime: tflite.RuntimeVersion()}
	if o.Meter != nil {
		r.Energy = o.Meter.Name
	}
	if b.compare != "" {
		first, second, ratio, err := bench.Compare(ctx, cases[0], cases[1], o)
		if err != nil {
			return err
		}
		r.Results, r.Ratio = []bench.Result{first, second}, &ratio
	} else {
		for _, c := range cases {
			result, err := bench.Measure(ctx, c, o)
			if err != nil {
				return err
			}
			r.Results = append(r.Results, result)
		}
	}
	b.std.err.note("")
	return b.show(r)
}

// cases are all combinations that are measured.
func (b *benchmark) cases(ctx context.Context, names []string) (all []bench.Case, err error) {
	threads, err := counts("--threads", b.threads)
	if err != nil {
		return nil, err
	}
	engines, err := counts("--engines", b.engines)
	if err != nil {
		return nil, err
	}
	shapes, err := parseShapes(b.shapes)
	if err != nil {
		return nil, usageError{err}
	}
	switch {
	case b.compare != "" && (len(names) > 1 || len(threads) > 1 || len(engines) > 1):
		return nil, usageError{errors.New("--compare compares two models run in one way: give one MODEL, one number of --threads and one of --engines")}
	case b.compare != "":
		names = append(names, b.compare)
	}
	if err := b.on.check(); err != nil {
		return nil, err
	}
	for _, name := range names {
		path, _, err := modelFile(name)
		if err != nil {
			return nil, err
		}
		model, err := regfile.Read(path, tflite.MaxModel)
		if err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
		on, err := b.delegates(ctx, path, model)
		if err != nil {
			return nil, err
		}
		for _, asked := range on {
			for _, n := range engines {
				for _, t := range threads {
					all = append(all, bench.Case{Model: name, Delegate: asked.Item.String(), Threads: t, Engines: n, Open: worker.TimerOptions{
						AskerOptions: asked, Path: path, Model: model, Shapes: shapes, Signature: b.signature, Threads: t, Engines: n, Profile: b.profile,
					}})
				}
			}
		}
	}
	return all, nil
}

// delegates are those that a model is measured on.
func (b *benchmark) delegates(ctx context.Context, path string, model []byte) (all []worker.AskerOptions, err error) {
	m, err := delegate.ReadBytes(path, model)
	if err != nil {
		return nil, err
	}
	compiled := !m.ForCPU()
	m.Close()
	chosen, err := b.on.chosen()
	if err != nil {
		return nil, err
	}
	for _, item := range chosen.Items() {
		if item.IsEdgeTPU() != compiled {
			if len(chosen) == 1 {
				return nil, usageError{fmt.Errorf("--delegate %s: %s is %s", item, path, map[bool]string{true: "compiled for the Edge TPU, which alone runs it", false: "not compiled for the Edge TPU"}[compiled])}
			}
			continue
		}
		asked, err := app.AskerOn(ctx, item, b.on.device, b.library)
		if err != nil {
			return nil, err
		}
		all = append(all, asked)
		if len(chosen) == 0 && len(all) == 1 { // auto
			break
		}
	}
	return all, nil
}

// counts reads numbers with commas between.
func counts(flag, text string) (all []int, err error) {
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 64 {
			return nil, usageError{fmt.Errorf("%s %s: want whole numbers from 1 to 64 with commas between", flag, text)}
		}
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all, nil
}

// show prints the figures, and draws them.
func (b *benchmark) show(r benchReport) error {
	if b.plot != "" {
		if err := os.WriteFile(b.plot, []byte(timesChart(r.Results)), 0o644); err != nil {
			return err
		}
	}
	failed := slices.ContainsFunc(r.Results, func(v bench.Result) bool { return v.Error != "" })
	if b.asJSON {
		encoder := json.NewEncoder(b.std.out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(r); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(b.std.out, benchText(r, terminal.Width(b.std.out))); err != nil {
		return err
	}
	if failed {
		for _, v := range r.Results {
			if v.Error != "" {
				b.std.err.Fail(fmt.Errorf("%s on %s: %s", v.Model, v.Delegate, v.Error))
			}
		}
		return errReported
	}
	return nil
}

// timesChart draws which share of the runs took at most how long.
func timesChart(results []bench.Result) string {
	c := plot.Chart{Title: "Times of runs", X: plot.Axis{Name: "milliseconds"}, Y: plot.Axis{Name: "share of runs that took at most that", Min: 0, Max: 1}}
	for _, r := range results {
		if r.Count == 0 {
			continue
		}
		s := plot.Series{Name: fmt.Sprintf("%s %s %d×%d", strings.TrimSuffix(filepath.Base(r.Model), ".tflite"), r.Delegate, r.Engines, r.Threads), Step: true}
		times := slices.Sorted(slices.Values(r.Times))
		const points = 200
		for i := range points + 1 {
			q := float64(i) / points
			s.X = append(s.X, float64(times[int(float64(q*float64(len(times)-1)))])/1e6)
			s.Y = append(s.Y, q)
		}
		c.Series = append(c.Series, s)
	}
	c.X.Max = 0
	for _, r := range results {
		c.X.Max = max(c.X.Max, cmp.Or(r.P99, r.Most)/1000*1.1)
	}
	return c.SVG()
}
