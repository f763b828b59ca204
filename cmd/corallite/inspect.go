package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"corallite/internal/app"
	"corallite/internal/inspect"
	"corallite/internal/regfile"
	"corallite/internal/terminal"
	"corallite/tflite"
)

func newInspect(std *streams) *cobra.Command {
	var asJSON, static, operators bool
	var svg, html, signature, library string
	var shapes []string
	var runs delegateFlags
	cmd := &cobra.Command{
		Use:   "inspect [flags] MODEL",
		Short: "Show what is in a model's file, what delegates take of it, and what to look out for",
		Long: `Shows what a .tflite file holds: size, sha256, inputs and outputs with their quantization, signatures, operators with their
multiply-accumulates, weights and what they would need compressed, what the file says of itself, and known traps. Of a model compiled
for the Edge TPU it shows the programs for the device, without one; of any other, which operators the compiler would map, by its
published rules, and where it stops.

Then it asks the delegates that are here, each in a sandboxed child process, which operators they take, in how many pieces, and, by
asking about variants of an operator, why not the rest; and it runs the model once with zeros, for the memory that a run needs. With
--static only the file is read. --delegate names external delegates to ask, too.`,
		Example: `  corallite inspect model.tflite
  corallite inspect --json --static model.tflite
  corallite inspect --html model.html --svg graph.svg model.tflite
  corallite inspect --shape 1,256,256,3 --delegate plugin:/usr/lib/libvx_delegate.so model.tflite`,
		ValidArgsFunction: modelsFor(),
		Args:              exactly(1, "the MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, _, err := modelFile(args[0])
			if err != nil {
				return err
			}
			if err := runs.check(); err != nil {
				return err
			}
			chosen, err := runs.chosen()
			if err != nil {
				return err
			}
			given, err := parseShapes(shapes)
			if err != nil {
				return usageError{err}
			}
			b, err := regfile.Read(path, tflite.MaxModel)
			if err != nil {
				return fmt.Errorf("model: %w", err)
			}
			std.err.note("reading " + path)
			defer std.err.note("")
			r, err := inspect.Static(path, b)
			if err != nil {
				return fmt.Errorf("model %s: %w", path, err)
			}
			if !static {
				err := askDelegates(cmd.Context(), r, b, app.InspectOptions{
					Choice: chosen, Device: runs.device, Library: library, Shapes: given, Signature: signature, Progress: std.err.note,
				})
				if err != nil {
					return err
				}
			}
			std.err.note("")
			return show(std, r, asJSON, operators, svg, html)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one line of JSON")
	f.BoolVar(&operators, "operators", false, "also list each operator in order")
	f.BoolVar(&static, "static", false, "only read the file: ask no delegate, run nothing")
	f.StringVar(&svg, "svg", "", "draw the graph to this `FILE`")
	f.StringVar(&html, "html", "", "write the report with the graph as one page to this `FILE`")
	f.StringVar(&signature, "signature", "", "ask about the graph of this signature")
	f.StringArrayVar(&shapes, "shape", nil, "`SHAPE` of an input for asking: 1,224,224,3, or INPUT=1,224,224,3 (repeatable)")
	f.StringVar(&library, "libedgetpu", "", "path of libedgetpu (default: CORALLITE_LIBEDGETPU, then its usual names)")
	runs.add(cmd)
	f.Lookup("delegate").Usage = "delegates to ask besides XNNPACK and the built-in kernels: plugin:LIBRARY, or several with commas; edgetpu is asked about compiled models"
	_ = cmd.RegisterFlagCompletionFunc("svg", filesThat(".svg"))
	_ = cmd.RegisterFlagCompletionFunc("html", filesThat(".html"))
	return cmd
}

func askDelegates(ctx context.Context, r *inspect.Report, model []byte, o app.InspectOptions) error {
	asking, done, err := app.Asking(ctx, r, o)
	if err != nil {
		return err
	}
	return errors.Join(r.Ask(ctx, model, asking), done())
}

func show(std *streams, r *inspect.Report, asJSON, operators bool, svg, html string) error {
	for _, file := range []struct {
		path  string
		write func() ([]byte, error)
	}{{svg, func() ([]byte, error) { return r.SVG(), nil }}, {html, r.HTML}} {
		if file.path == "" {
			continue
		}
		b, err := file.write()
		if err == nil {
			err = os.WriteFile(file.path, b, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if asJSON {
		encoder := json.NewEncoder(std.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	return r.Print(std.out, inspect.TextOptions{Width: terminal.Width(std.out), Operators: operators})
}

// parseShapes reads the shapes of inputs: "1,224,224,3" of the first that has none yet, or with its number before it.
func parseShapes(list []string) ([][]int, error) {
	var all [][]int
	for _, text := range list {
		at, dims := len(all), text
		if which, rest, ok := strings.Cut(text, "="); ok {
			n, err := strconv.Atoi(which)
			if err != nil || n < 0 || n > 1000 {
				return nil, fmt.Errorf("--shape %s: want SHAPE or INPUT=SHAPE, with the input's number", text)
			}
			at, dims = n, rest
		}
		var shape []int
		for d := range strings.SplitSeq(dims, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(d))
			if err != nil || n < 1 {
				return nil, fmt.Errorf("--shape %s: want whole numbers above 0 with commas between", text)
			}
			shape = append(shape, n)
		}
		for len(all) <= at {
			all = append(all, nil)
		}
		all[at] = shape
	}
	return all, nil
}
