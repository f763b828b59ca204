package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/sink"
	"corallite/internal/terminal"
	"corallite/pipeline"
	"corallite/pipeline/mic"
)

// listenModels are what `listen` waits for when nobody says otherwise.
var listenModels = []string{"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}

// listen is the one-shot command on sound.
type listen struct {
	std        *streams
	models     []string
	model      modelFlags // for each of them
	microphone string
	channel    string
	vad        bool
	asJSON     bool
	sound      mic.SoundConfig // format, rate and channels of standard input
}

func newListen(std *streams) *cobra.Command {
	l := &listen{std: std}
	l.model.FileTask = configs.TaskKeyword
	cmd := &cobra.Command{
		Use:   "listen [flags] FILE...|--microphone NAME|-",
		Short: "Recognize words in recordings or from a microphone",
		Long: `Prints a row for each word recognized, or with --json a line of JSON: the word, its score, and its start and end.
A FILE is a recording or a video with sound (what the libraries of ffmpeg read), a folder of these or a pattern; -
reads raw samples from standard input. A file that cannot be read is reported, the others are still processed, and the
exit code is 1. From a microphone it listens until Ctrl-C.

Without --model it listens for the wake words of the catalog: ` + strings.Join(listenModels, ", ") + `
(corallite models pull ` + strings.Join(listenModels, " ") + `).`,
		Example: `  corallite listen --microphone default
  corallite listen --model digits --json calls/*.wav
  corallite listen --model micro_speech.tflite --labels words.txt --features micro yes.wav
  corallite listen --microphone "USB Audio" --channel left
  arecord -f S16_LE -r 16000 -t raw | corallite listen --model okay_nabu -`,
		RunE: func(cmd *cobra.Command, files []string) error {
			return l.run(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&l.models, "model", nil, "name of a catalog model, or path of a .tflite file (repeatable)")
	flags.StringVar(&l.microphone, "microphone", "", `listen to this microphone: "default", its name or its id (see: corallite devices)`)
	addKeyFlag(flags, &l.channel, "channel", "channel that is heard of several: left, right, a number, or mix, the mean of all (default: mix)", "pipelines", "source", "channel")
	flags.StringVar(&l.model.LabelsFile, "labels", "", "label file of a keyword model, one label per line (default: from the catalog or packed into the model)")
	l.model.Features = addFeatureFlags(cmd)
	l.model.add(cmd, map[string]string{"score_threshold": "threshold"}, configs.TaskKeyword, configs.TaskWakeword)
	flags.BoolVar(&l.vad, "vad", false, "run models only while the voice-activity detector (VAD) detects sound")
	flags.BoolVar(&l.asJSON, "json", false, "print one line of JSON per word")
	flags.StringVar(&l.sound.Format, "format", "", "sample format on standard input: u8, s16le, s24le, s32le or f32le (default: s16le)")
	addKeyFlag(flags, &l.sound.Rate, "rate", "sample rate on standard input, in Hz (default: 16000)", "pipelines", "source", "rate")
	addKeyFlag(flags, &l.sound.Channels, "channels", "channels on standard input (default: 1)", "pipelines", "source", "channels")
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(configs.TaskKeyword, configs.TaskWakeword))
	cmd.ValidArgsFunction = soundFiles
	_ = cmd.RegisterFlagCompletionFunc("microphone", microphoneNames)
	_ = cmd.RegisterFlagCompletionFunc("channel", cobra.FixedCompletions([]string{"mix", "left", "right"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"u8", "s16le", "s24le", "s32le", "f32le"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

// check refuses wrong use before anything is opened.
func (l *listen) check(files []string) error {
	raw := slices.Contains(files, "-")
	switch {
	case l.microphone == "" && len(files) == 0:
		return usageError{errors.New("a FILE is missing: name a recording, - for standard input, or --microphone NAME")}
	case l.microphone != "" && len(files) > 0:
		return usageError{fmt.Errorf("--microphone %s and FILE %s cannot be used together", l.microphone, files[0])}
	case len(l.model.Features) > 0 && len(l.models) != 1:
		return usageError{errors.New("--features flags describe a single model: give exactly one --model, and run other models separately")}
	case raw && len(files) > 1:
		return usageError{errors.New("- (standard input) cannot be combined with files: run them separately")}
	case !raw && (l.sound.Format != "" || l.sound.Rate != 0 || l.sound.Channels != 0):
		return usageError{errors.New("--format, --rate and --channels are only for standard input (-): a file has its own")}
	}
	return l.model.check()
}

func (l *listen) run(cmd *cobra.Command, files []string) error {
	if err := l.check(files); err != nil {
		return err
	}
	logger, err := newLogger(l.std.err, logSettings{})
	if err != nil {
		return err
	}
	l.sound.Sound, l.sound.Channel = files, l.channel
	p := configs.Pipeline{Source: &l.sound, VAD: l.vad}
	if l.microphone != "" {
		p.Source = &mic.MicrophoneConfig{Microphone: l.microphone, Channel: l.channel}
	}
	all := map[string]configs.Model{}
	if p.Models, err = l.findModels(all); err != nil {
		return err
	}
	cfg := configs.One("listen", p, all)
	o := l.std.run(logger)
	o.Single, o.Required = true, true
	o.Sinks = func(string, any) ([]pipeline.NamedSink, error) { return l.sinks(files, len(all)), nil }
	sum, err := app.Run(cmd.Context(), cfg, o)
	s, ran := sum.Pipelines["listen"]
	if err == nil && ran && !(s.Interrupted && len(files) > 0) {
		l.sayNothing(s)
	}
	return oneShot(cmd.Context(), sum, err, len(files) > 0)
}

// sinks print what is heard.
func (l *listen) sinks(files []string, models int) []pipeline.NamedSink {
	out := l.std.err.Above(l.std.out)
	if l.asJSON {
		return []pipeline.NamedSink{{Name: "json", Sink: sink.NewJSONL(out, "standard output")}}
	}
	table := sink.TableOptions{Sources: files, Model: models > 1, Width: terminal.Width(l.std.out)}
	return []pipeline.NamedSink{{Name: "table", Sink: sink.NewTable(out, table)}}
}

// sayNothing says that nothing was heard.
func (l *listen) sayNothing(s pipeline.Summary) {
	heard := uint64(0)
	for _, m := range s.Models {
		heard += m.Events
	}
	if heard == 0 && s.Sound != nil && !l.std.err.quiet {
		fmt.Fprintf(l.std.err, "no words recognized in %.1f s of sound (%.0f dBFS)\n", s.Sound.Seconds, s.Sound.LevelDBFS)
	}
}

// findModels puts the models that are wanted into all, and gives their names in order.
func (l *listen) findModels(all map[string]configs.Model) (names []string, err error) {
	refs := l.models
	if len(refs) == 0 {
		refs = listenModels
	}
	if err := l.model.setDelegates(); err != nil {
		return nil, err
	}
	for _, ref := range refs {
		l.model.Ref = ref
		base, m, err := findModel(l.model.ModelSpec)
		if err != nil {
			return nil, err
		}
		if !m.Listens() {
			return nil, usageError{fmt.Errorf("--model %s: %s is a model for pictures: use corallite %[3]s", ref, base, m.Task)}
		}
		name := base
		for n := 2; slices.Contains(names, name); n++ {
			name = fmt.Sprintf("%s#%d", name, n)
		}
		all[name], names = m, append(names, name)
	}
	return names, nil
}

// microphoneNames completes the name of a microphone.
func microphoneNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := []string{"default"}
	all, err := mic.Microphones(cmd.Context())
	if err != nil {
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for _, m := range all {
		names = append(names, m.Name+"\t"+m.ID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
