// Command corallite runs quantized TensorFlow Lite models on pictures and video, on an Edge TPU when there is one and
// on the CPU when there is not.
package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"corallite"
	"corallite/internal/app"
	"corallite/internal/assemble"
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

// streams are the three standard streams, so that tests can give others.
type streams struct {
	in  io.Reader
	out io.Writer
	err *status
}

// run is a run on the streams.
func (s *streams) run(logger *slog.Logger) app.Options {
	return app.Options{Options: assemble.Options{Console: s.err, Stdin: s.in, Stdout: s.out, Logger: logger, Version: version}}
}

// usageError is wrong use: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// errReported is a failure that was already told where it happened.
var errReported = errors.New("already reported")

func exitCode(err error, stderr *status) int {
	if err == nil {
		return exitDone
	}
	var at *fs.PathError
	if errors.Is(err, syscall.EPIPE) && errors.As(err, &at) && at.Path == os.Stdout.Name() {
		return 128 + int(syscall.SIGPIPE) // as if it had died of it, which needs no words
	}
	if !errors.Is(err, errReported) {
		stderr.Fail(err)
	}
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot(std *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "corallite",
		Short: "Run quantized TensorFlow Lite models on pictures, video and sound, on an Edge TPU or the CPU",
		Long: `Corallite runs quantized TensorFlow Lite models on pictures, video and sound: on a Coral Edge TPU if there
is one, otherwise on the CPU. Single commands process files; YAML files describe pipelines that run continuously.`,
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
	root.Flags().Bool("version", false, "print the version (corallite version shows more)")
	std.err.add(root)
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return std.err.check() }
	root.AddCommand(
		newRun(std), newWatch(std), newServe(std),
		newDetect(std), newClassify(std), newSegment(std), newPoses(std), newEmbed(std), newListen(std),
		newModels(std), newMetadata(std), newInspect(std), newEval(std), newReplay(std), newBench(std),
		newDevices(std), newDoctor(std), newConfig(std), newVersion(std), newCompletion(std), newMan(std),
	)
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true
	offerDirectly(root)
	fitHelp(root, std)
	return root
}
