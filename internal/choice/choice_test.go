package choice

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"corallite/internal/key"
)

func TestParse(t *testing.T) {
	vx := Plugin("/opt/libvx.so")
	for s, want := range map[string]Choice{
		"": nil, "auto": nil, "edgetpu": EdgeTPU, "xnnpack": XNNPACK, "xnnpack, none": CPU, "plugin:/opt/libvx.so": {vx},
		"edgetpu,plugin:/opt/libvx.so,none": {EdgeTPU[0], vx, None[0]},
	} {
		got, err := Parse(s)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", s, got, err, want)
		}
		if again, err := Parse(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q is written %q, which is %+v, %v", s, got, again, err)
		}
	}
	for s, want := range map[string]string{
		"gpu":             `"gpu" is no delegate: want auto, edgetpu, xnnpack, none, plugin:LIBRARY`,
		"edgetpu:usb":     `"edgetpu:usb" is no delegate`,
		"plugin":          "the library is missing: want plugin:LIBRARY",
		"plugin:":         "the library is missing",
		"edgetpu,,none":   `"" is no delegate`,
		"auto,none":       "auto stands alone: list what it stands for instead (edgetpu, xnnpack, none)",
		"none,edgetpu":    "edgetpu would never be tried after none: put it first",
		"edgetpu,edgetpu": "edgetpu is given twice",
	} {
		if c, err := Parse(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", s, c, err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Choice{{{Provider: "x"}}, {{Provider: "auto"}}, {{Provider: "plugin"}}, {None[0], EdgeTPU[0]}} {
		if c.Validate() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}

func TestWithOptions(t *testing.T) {
	c := Choice{EdgeTPU[0], Plugin("libvx.so"), None[0]}
	with, err := c.WithOptions(map[string]string{"cache": "/x"})
	if err != nil || with[1].Options["cache"] != "/x" || with[0].Options != nil || c[1].Options != nil {
		t.Errorf("%+v of %+v, %v", with, c, err)
	}
	if _, err := EdgeTPU.WithOptions(map[string]string{"cache": "/x"}); err == nil || !strings.Contains(err.Error(), "only external delegates have options") {
		t.Errorf("options of the Edge TPU: %v", err)
	}
	own := Provider{Name: "own", Kind: "own", Library: "libown.so", Keys: []*key.Key{{Name: "mode"}}}
	Providers = append(Providers, &own)
	defer func() { Providers = Providers[:len(Providers)-1] }()
	if with, err := (Choice{{Provider: "own"}}).WithOptions(map[string]string{"mode": "fast"}); err != nil || with[0].Options["mode"] != "fast" {
		t.Errorf("an option that is a key: %+v, %v", with, err)
	}
	if _, err := (Choice{{Provider: "own"}}).WithOptions(map[string]string{"mood": "fast"}); err == nil || !strings.Contains(err.Error(), `own has no option "mood"`) {
		t.Errorf("an option that is none: %v", err)
	}
	if same, err := Auto.WithOptions(nil); err != nil || same != nil {
		t.Errorf("no options: %+v, %v", same, err)
	}
}

func TestParts(t *testing.T) {
	vx := Plugin("libvx.so")
	for _, c := range []struct {
		Choice
		accelerators, onCPUModel, onCPU []Item
	}{
		{Auto, EdgeTPU, nil, CPU},
		{EdgeTPU, EdgeTPU, nil, nil},
		{Choice{vx}, []Item{vx}, []Item{vx}, CPU},
		{Choice{EdgeTPU[0], vx, None[0]}, []Item{EdgeTPU[0], vx}, []Item{vx}, None},
		{XNNPACK, nil, nil, XNNPACK},
	} {
		for _, part := range []struct {
			name      string
			got, want []Item
		}{{"accelerators", c.Accelerators(), c.accelerators}, {"on the CPU's model", c.OnCPUModel(), c.onCPUModel}, {"on the CPU", c.OnCPU(), c.onCPU}} {
			if !slices.EqualFunc(part.got, part.want, func(a, b Item) bool { return reflect.DeepEqual(a, b) }) {
				t.Errorf("%s, %s: %+v, want %+v", c.Choice, part.name, part.got, part.want)
			}
		}
	}
}

// TestProviders checks what every provider must say of itself.
func TestProviders(t *testing.T) {
	for _, p := range Providers {
		if p.Name == "" || p.Kind == "" || p.Doc == "" || p.Title == "" && !p.TakesLibrary || strings.ContainsAny(p.Name, ":, ") {
			t.Errorf("%+v", p)
		}
		if p.CPU && (p.External() || p.Compiled || p.LeavesCPUFree || p.Checked) {
			t.Errorf("%s is the CPU and no CPU", p.Name)
		}
		for _, k := range p.Keys {
			if k.Doc == "" || k.Example == "" {
				t.Errorf("%s: key %s without words", p.Name, k.Name)
			}
		}
	}
}
