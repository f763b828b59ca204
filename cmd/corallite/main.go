// Command corallite runs quantized TensorFlow Lite models on pictures and video, on an Edge TPU when there is one and
// on the CPU when there is not.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/didyoumean"
	"corallite/internal/libstderr"
	"corallite/internal/output"
	"corallite/internal/terminal"
)

// The exit codes, the same for every command.
const (
	exitDone   = 0
	exitFailed = 1 // something that was asked for could not be done
	exitUsage  = 2 // wrong use: the command line or the configuration is at fault
)

// version is set by scripts/build.
var version = "dev"

func main() {
	corallite.Main() // does not return in a child
	// Where it cannot be done libraries print where they print.
	_ = libstderr.Redirect()
	// A reader of standard output that goes away (`| head`) ends the command in order, not in the middle of a file.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Main runs one command line and returns the exit code. The first SIGINT, SIGTERM or SIGHUP cancels the command's
// context, and the command finishes what it has: one that cannot do all of what was asked then exits with 130, 143 or
// 129. The second signal ends the process at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	status := newStatus(output.For(ctx, stderr))
	stop := onSignals(cancel, status)
	defer stop()
	root := newRoot(&streams{in: stdin, out: terminal.Escaped(output.For(ctx, stdout)), err: status})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if code := cutShort(ctx, err); code != exitDone {
		status.Fail(context.Cause(ctx))
		return code
	}
	return exitCode(err, status)
}

// signalError is the signal that ended a command's context.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string {
	if e.signal == syscall.SIGINT {
		return "interrupted"
	}
	return e.signal.String()
}

// Is lets it pass for context.Canceled, which packages below look for.
func (e signalError) Is(target error) bool { return target == context.Canceled }

// cutShort is the exit code of a command that a signal kept from doing what was asked for, 128 and the signal's number
// as shells have it; exitDone for any other. What is meant to go on until a signal comes returns no error then.
func cutShort(ctx context.Context, err error) int {
	var by signalError
	if errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &by) {
		return 128 + int(by.signal)
	}
	return exitDone
}

// streams are the three standard streams, so that tests can give others.
type streams struct {
	in  io.Reader
	out io.Writer
	err *status
}

// run is a run on the streams.
func (s *streams) run(logger *slog.Logger) app.Options {
	return app.Options{Options: assemble.Options{Console: s.err, Stdin: s.in, Stdout: s.out, Logger: logger}}
}

// usageError is wrong use: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func exitCode(err error, stderr *status) int {
	if err == nil {
		return exitDone
	}
	var at *fs.PathError
	if errors.Is(err, syscall.EPIPE) && errors.As(err, &at) && at.Path == os.Stdout.Name() {
		return 128 + int(syscall.SIGPIPE) // as if it had died of it, which needs no words
	}
	if !errors.Is(err, app.ErrReported) {
		stderr.Fail(err)
	}
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// sayWithin is how long the end waits for standard error to take the word of it.
const sayWithin = 200 * time.Millisecond

// onSignals calls cancel at the first signal; the second ends the process.
func onSignals(cancel context.CancelCauseFunc, stderr *status) (stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			said := make(chan struct{})
			go func() {
				defer close(said)
				stderr.Say(slog.LevelInfo, fmt.Sprintf("%v: finishing what is in hand; once more ends at once", s))
			}()
			select {
			case <-said:
			case <-time.After(sayWithin): // nobody reads standard error
			}
			number, _ := s.(syscall.Signal)
			cancel(signalError{number})
		case <-done:
			return
		}
		select {
		case s := <-signals:
			number, _ := s.(syscall.Signal)
			os.Exit(128 + int(number))
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

func newRoot(std *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "corallite",
		Short: "Run quantized TensorFlow Lite models on pictures, video and sound, on an Edge TPU or the CPU",
		Long: `Corallite runs quantized TensorFlow Lite models on pictures, video and sound: on a Coral Edge TPU when there is
one, on the CPU when there is not. One command looks at files at once, a YAML file describes what runs for longer.`,
		Example: `  corallite detect --model face_detection_full_range --out found holiday/*.jpg
  corallite run door.yaml
  corallite devices`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{explainFlag(cmd, err)}
	})
	root.Version = version
	root.SetVersionTemplate("corallite {{.Version}}\n")
	root.Flags().Bool("version", false, "print the version (corallite version says more)")
	std.err.add(root)
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return std.err.check() }
	root.AddCommand(
		newRun(std), newWatch(std), newDetect(std), newClassify(std), newSegment(std), newPoses(std), newEmbed(std), newListen(std), newDevices(std), newDoctor(std),
		newModels(std), newConfig(std), newVersion(std), newCompletion(std), newMan(std),
	)
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true
	offerDirectly(root)
	fitHelp(root, std)
	return root
}

func suggestion(cmd *cobra.Command, word string) string {
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	near := cmd.SuggestionsFor(word)
	if len(near) == 0 {
		return fmt.Sprintf("; see: %s --help", cmd.CommandPath())
	}
	return fmt.Sprintf("; did you mean %q?", near[0])
}

// explainFlag says what was meant by a flag that does not exist, what a flag wants, or where to read on.
func explainFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := didyoumean.Suggest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if key, ok := invalid.GetFlag().Value.(interface{ wants() string }); ok {
			return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), key.wants())
		}
		wants := map[string]string{"int": "an integer", "float64": "a number", "bool": "true or false"}
		if want, ok := wants[invalid.GetFlag().Value.Type()]; ok {
			return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	return errors.Join(err, fmt.Errorf("see: %s --help", cmd.CommandPath()))
}

// onlyCommands is for commands that only hold others: what is left on the line is no command.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q%s", args[0], suggestion(cmd, args[0]))}
	}
	return nil
}

// usageOf is wrong use of a command, with how it is used.
func usageOf(cmd *cobra.Command, format string, args ...any) error {
	return usageError{errors.Join(fmt.Errorf(format, args...), errors.New("usage: "+cmd.UseLine()))}
}

// atLeast is cobra's MinimumNArgs with an error that says what is missing and how it is given.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usageOf(cmd, "%s is missing", what)
		}
		return nil
	}
}

func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageOf(cmd, "unexpected argument %q: at most one %s", args[1], what)
		}
		return nil
	}
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usageOf(cmd, "unexpected argument %q", args[n])
		}
		if len(args) < n {
			return usageOf(cmd, "%s is missing", what)
		}
		return nil
	}
}
