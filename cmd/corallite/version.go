package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"gocv.io/x/gocv"

	"corallite/tflite"
)

// versions is what `version --json` prints.
type versions struct {
	Corallite      string `json:"corallite"`
	TensorFlowLite string `json:"tensorflow_lite"`
	OpenCV         string `json:"opencv"`
	Go             string `json:"go"`
	Platform       string `json:"platform"`
}

func newVersion(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of Corallite and its libraries",
		Example: "  corallite version --json",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			v := versions{
				Corallite: version, TensorFlowLite: tflite.RuntimeVersion(), OpenCV: gocv.OpenCVVersion(),
				Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(v)
			}
			_, err := fmt.Fprintf(std.out, "corallite %s\nTensorFlow Lite %s\nOpenCV %s\n%s %s\n",
				v.Corallite, v.TensorFlowLite, v.OpenCV, v.Go, v.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return cmd
}
