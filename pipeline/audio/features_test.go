package audio

import (
	"strings"
	"testing"
)

// TestFeatures holds what features say against what their kind needs.
func TestFeatures(t *testing.T) {
	zero, some := 0.0, 0.001
	whole := Features{Kind: LogMel, Rate: 16000, WindowMS: 25, HopMS: 10, Bins: 40, LowHz: &zero, HighHz: 4000, Scale: "htk", Spectrum: "power"}
	floored, offset, both := whole, whole, whole
	floored.Floor, offset.Offset, both.Floor, both.Offset = &some, &some, &some, &zero
	for _, f := range []Features{
		floored, offset, both, {}, {Rate: 8000}, {Kind: Coral}, {Kind: Micro}, {Kind: Micro, HopMS: 10}, {Kind: Waveform}, {Kind: Waveform, Rate: 8000},
	} {
		if err := f.Check(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for want, f := range map[string]Features{
		"missing offset;":               whole,
		"kind is missing: want one of":  {Rate: 16000, HopMS: 10},
		`unknown kind "mfcc"`:           {Kind: "mfcc"},
		"coral: remove rate, bins":      {Kind: Coral, Rate: 16000, Bins: 32},
		"waveform: remove window_ms":    {Kind: Waveform, Rate: 16000, WindowMS: 25},
		"micro: remove bins, low_hz, s": {Kind: Micro, Bins: 40, LowHz: &zero, Std: []float64{1}},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
}
