package configs

import (
	"reflect"
	"strings"
	"testing"

	"corallite/internal/choice"
	"corallite/internal/key"
)

// delegateOfConfig loads the small configuration with a delegate of YAML.
func delegateOfConfig(t *testing.T, yaml string, set ...string) choice.Choice {
	t.Helper()
	return mustLoad(t, strings.Replace(small, "task: detect", "task: detect, delegate: "+yaml, 1), set...).Models["m"].Delegate
}

func TestDelegates(t *testing.T) {
	workingFolder(t, t.Chdir)
	vx := choice.Plugin("libvx_delegate.so")
	with := vx
	with.Options = map[string]string{"cache_file_path": "/var/cache/vx", "Threads": "4", "log": "true"}
	with.Paths, with.Env = []string{"/dev/npu0"}, []string{"VX_LOG"}
	for yaml, want := range map[string]choice.Choice{
		"auto":                        nil,
		"[auto]":                      nil,
		"xnnpack":                     choice.XNNPACK,
		"plugin:libvx_delegate.so":    {vx},
		"{plugin: libvx_delegate.so}": {vx},
		"[edgetpu, {plugin: libvx_delegate.so}, xnnpack]": {{Provider: "edgetpu"}, vx, {Provider: "xnnpack"}},
		"{plugin: libvx_delegate.so, options: {cache_file_path: /var/cache/vx, Threads: 4, log: true}, paths: /dev/npu0, env: [VX_LOG]}": {with},
	} {
		if got := delegateOfConfig(t, yaml); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", yaml, got, want)
		}
	}
	if got := delegateOfConfig(t, "auto", "models.m.delegate=edgetpu,plugin:/opt/libx.so"); got.String() != "edgetpu,plugin:/opt/libx.so" {
		t.Errorf("--set: %s", got)
	}
	for yaml, want := range map[string]string{
		"gpu":                                  `"gpu" is not a possible value: expected one of ` + strings.Join(choice.Words(), ", "),
		"[]":                                   "the list is empty",
		"[auto, xnnpack]":                      "auto stands alone",
		"[xnnpack, edgetpu]":                   "edgetpu would never be tried after xnnpack: put it first",
		"[edgetpu, edgetpu]":                   "edgetpu is given twice",
		"{options: {a: b}}":                    "plugin: required key is missing",
		"{plugin: x.so, option: {a: b}}":       `did you mean "options"?`,
		"{plugin: x.so, options: {a: [1, 2]}}": "expected a string, a number, or true or false, not a list",
	} {
		_, err := load(t, strings.Replace(small, "task: detect", "task: detect, delegate: "+yaml, 1))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", yaml, err, want)
		}
	}
}

// TestParseDelegate checks that flags take of a delegate's own keys what YAML takes.
func TestParseDelegate(t *testing.T) {
	own := choice.Provider{Name: "own", Kind: "own", Doc: "a made-up one", Library: "libown.so", Keys: []*key.Key{
		{Name: "mode", Kind: key.KindString, Choices: []string{"fast", "silent"}},
		{Name: "priority", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(3)},
		{Name: "eager", Kind: key.KindBoolean},
	}}
	usual := choice.Providers
	choice.Providers = append([]*choice.Provider{&own}, usual...)
	t.Cleanup(func() { choice.Providers = usual })

	got, err := ParseDelegate("own", map[string]string{"mode": "fast", "priority": "0x2", "eager": "true"})
	if want := map[string]string{"mode": "fast", "priority": "2", "eager": "true"}; err != nil || !reflect.DeepEqual(got[0].Options, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ParseDelegate("own,plugin:libx.so", nil); err != nil || len(got) != 2 || got[0].Options != nil {
		t.Errorf("without options: %+v, %v", got, err)
	}
	if got, err := ParseDelegate("plugin:libx.so", map[string]string{"priority": "many"}); err != nil || got[0].Options["priority"] != "many" {
		t.Errorf("what the library alone knows: %+v, %v", got, err)
	}
	for _, c := range []struct{ words, name, value, want string }{
		{"own", "mode", "fsat", `options: own: mode: "fsat" is not a possible value; did you mean "fast"?`},
		{"own", "priority", "4", "options: own: priority: 4 is not a possible value: expected an integer from 0 to 3"},
		{"own", "priority", "high", "options: own: priority: expected an integer from 0 to 3, not"},
		{"own", "eager", "perhaps", "options: own: eager: expected true or false"},
		{"own", "mood", "good", `options: own has no option "mood"`},
		{"own,owl", "mode", "fast", `delegate: "owl" is no delegate`},
		{"xnnpack", "mode", "fast", "options: only external delegates have options"},
	} {
		if _, err := ParseDelegate(c.words, map[string]string{c.name: c.value}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s, %s=%s: %v, want %q", c.words, c.name, c.value, err, c.want)
		}
	}
}
