package configs

import (
	"reflect"
	"strings"
	"testing"

	"corallite/internal/choice"
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
