package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"corallite/delegate"
	"corallite/internal/assemble"
	"corallite/internal/terminal"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// devices is what `devices --json` prints.
type devices struct {
	delegate.Report
	CPU     cpuInfo             `json:"cpu"`
	Cameras []camera.CameraInfo `json:"cameras"`

	Microphones      []mic.Microphone `json:"microphones"`
	MicrophonesError string           `json:"microphones_error,omitempty"` // why none can be listed
}

type cpuInfo struct {
	Model    string   `json:"model,omitempty"`
	Cores    int      `json:"cores"`
	Arch     string   `json:"architecture"`
	Features []string `json:"features"` // those that XNNPACK has kernels for
}

func newDevices(std *streams) *cobra.Command {
	var asJSON bool
	var library string
	var runs delegateFlags
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Show available devices and which one `auto` would use",
		Long: `Lists the Edge TPUs, the cameras with their formats, the microphones, the CPU's features, and the versions of the
runtime and of libedgetpu; then which delegate would run a model compiled for the Edge TPU, and why any preferred one
cannot be used. No device is opened.`,
		Example: "  corallite devices --json\n  corallite devices --device usb",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := runs.check(); err != nil {
				return err
			}
			chosen, err := runs.delegates()
			if err != nil {
				return err
			}
			found, err := delegate.Probe(cmd.Context(), delegate.Options{
				Choice: chosen, Device: runs.device, EdgeTPULibrary: library, Enumerate: assemble.ProbeIsolated, Apart: assemble.ProbeProvider,
			})
			switch {
			case cmd.Context().Err() != nil:
				return err
			case err != nil:
				return usageError{err}
			}
			cameras, err := camera.Cameras("")
			if err != nil {
				return err
			}
			d := devices{
				Report: found, CPU: thisCPU(),
				Cameras: append([]camera.CameraInfo{}, cameras...), Microphones: []mic.Microphone{},
			}
			if all, err := mic.Microphones(cmd.Context()); err != nil {
				d.MicrophonesError = err.Error()
			} else {
				d.Microphones = append(d.Microphones, all...)
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(d)
			}
			return d.print(std.out, terminal.Width(std.out))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	runs.add(cmd)
	cmd.Flags().StringVar(&library, "libedgetpu", "", "path of libedgetpu (default: CORALLITE_LIBEDGETPU, then its usual names)")
	return cmd
}

func (d devices) print(w io.Writer, width int) error {
	t := terminal.Table{Width: width}
	none := func(what string) { t.Row(what, "none found") }
	if len(d.Devices) == 0 {
		none("Edge TPU")
	}
	for _, e := range d.Devices {
		text := e.Name + "  " + e.Path
		if e.Celsius != nil {
			text += fmt.Sprintf("  %.1f °C", *e.Celsius)
		}
		t.Row("Edge TPU", text)
	}
	switch {
	case d.Library == "":
		t.Row("libedgetpu", strings.TrimPrefix(d.LibraryError, "libedgetpu "))
	case d.LibraryError != "":
		t.Row("libedgetpu", d.Library+": "+d.LibraryError)
	default:
		t.Row("libedgetpu", fmt.Sprintf("%s: %s", d.Library, d.LibraryVersion))
	}
	t.Row("TensorFlow Lite", d.Runtime)
	t.Row("CPU", strings.TrimSpace(fmt.Sprintf("%s, %d cores, %s", d.CPU.Model, d.CPU.Cores, d.CPU.Arch)))
	t.Row("CPU features", strings.Join(d.CPU.Features, " "))
	selected := d.Selected
	if selected == "" {
		selected = "none: the chosen delegate is not available"
	}
	t.Row("would use", selected)
	for _, r := range d.FallbackReasons {
		if r.Reason != d.LibraryError { // which stands above
			t.Row("not usable", fmt.Sprintf("%s: %s", r.Delegate, r.Reason))
		}
	}
	if len(d.Cameras) == 0 {
		none("camera")
	}
	for _, c := range d.Cameras {
		t.Row("camera", c.String())
	}
	if len(d.Microphones) == 0 && d.MicrophonesError == "" {
		none("microphone")
	}
	for _, m := range d.Microphones {
		words := m.String()
		if m.Default {
			words += ", default"
		}
		if m.Monitor {
			words += ", loudspeaker monitor"
		}
		t.Row("microphone", words)
	}
	if d.MicrophonesError != "" {
		t.Row("microphones", strings.ReplaceAll(d.MicrophonesError, "\n", "; "))
	}
	return t.Print(w)
}

func thisCPU() cpuInfo {
	c := cpuInfo{Model: cpuModel(), Cores: runtime.NumCPU(), Arch: runtime.GOARCH, Features: []string{}}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"sse4.1", cpu.X86.HasSSE41}, {"avx", cpu.X86.HasAVX}, {"fma", cpu.X86.HasFMA}, {"avx2", cpu.X86.HasAVX2},
		{"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW}, {"avx512vnni", cpu.X86.HasAVX512VNNI},
		{"amx-int8", cpu.X86.HasAMXInt8},
		{"asimd", cpu.ARM64.HasASIMD}, {"fphp", cpu.ARM64.HasFPHP}, {"asimddp", cpu.ARM64.HasASIMDDP},
		{"i8mm", cpu.ARM64.HasI8MM}, {"sve", cpu.ARM64.HasSVE},
		{"neon", cpu.ARM.HasNEON}, {"vfpv4", cpu.ARM.HasVFPv4},
	} {
		if f.has {
			c.Features = append(c.Features, f.name)
		}
	}
	return c
}

// cpuModel is the processor's name as Linux tells it, "" where it does not.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		key, value, _ := strings.Cut(scan.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name", "Model": // Model: a Raspberry Pi's or a Coral board's
			return strings.TrimSpace(value)
		}
	}
	return ""
}
