package tflite

import (
	"slices"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// entryGraph is the graph that an interpreter runs.
func entryGraph(m *schema.Model, signature string) (*schema.Subgraph, error) {
	if signature == "" {
		return m.Main(), nil
	}
	return m.Entry(signature)
}

// runsMain says whether that is the main graph, of which alone the C API resets and shows variables.
func runsMain(m *schema.Model, signature string) bool {
	return signature == "" || slices.ContainsFunc(m.Signatures, func(s schema.Signature) bool {
		return s.Key == signature && s.Subgraph == 0
	})
}

// runnerFunctions are those that running a signature needs.
var runnerFunctions = []string{
	"TfLiteInterpreterGetSignatureRunner", "TfLiteSignatureRunnerResizeInputTensor", "TfLiteSignatureRunnerAllocateTensors",
	"TfLiteSignatureRunnerGetInputTensor", "TfLiteSignatureRunnerGetOutputTensor", "TfLiteSignatureRunnerInvoke",
	"TfLiteSignatureRunnerDelete",
}

func runnersMissing() error {
	for _, f := range runnerFunctions {
		if err := need(f); err != nil {
			return err
		}
	}
	return nil
}

// createEntry makes the runner of Options.Signature, where there is one.
func (i *Interpreter) createEntry() error {
	if i.signature == "" {
		return nil
	}
	if err := runnersMissing(); err != nil {
		return err
	}
	entry := capi.NewRunner(i.interp, i.signature)
	if entry == nil {
		return i.failed("TfLiteInterpreterGetSignatureRunner", Failed)
	}
	i.entry, i.cancel = entry, entry.Cancel
	return nil
}

// entryNames are the names by which the runner knows its tensors; nil without one.
func (i *Interpreter) entryNames() []string {
	if i.entry == nil {
		return nil
	}
	return portNames(i.io.inInfos, i.io.outInfos)
}

// portNames are the names of inputs and then outputs.
func portNames(inputs, outputs []tensor.Info) []string {
	var names []string
	for _, info := range slices.Concat(inputs, outputs) {
		names = append(names, info.Name)
	}
	return names
}

func deleteEntry(r *capi.Runner) {
	if r != nil {
		r.Delete()
	}
}
