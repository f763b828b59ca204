package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/terminal"
)

// TestText compares the report for people with testdata/*.txt; CORALLITE_WRITE_GOLDEN=1 writes the files.
func TestText(t *testing.T) {
	denied := map[string]error{stickNode: syscall.EACCES}
	door := func(choice delegate.Choice) Options {
		return Options{Configured: true, Models: []Model{{Name: "coco", Files: bothFiles(t), Choice: choice, Pipelines: []string{"door", "yard"}}}}
	}
	for name, r := range map[string]*Report{
		"well":       examine(t, withStick, nil, nil, Options{}),
		"nothing":    examine(t, plain, nil, missingLibrary(), Options{}),
		"permission": examine(t, withStick.with(groupOf("root", ""), files{stick + "/speed": "480\n"}), denied, nil, door(delegate.EdgeTPU)),
		"container":  examine(t, withStick.with(inDocker, files{stickNode: "absent"}), nil, missingLibrary(), door(delegate.Auto)),
		"crash":      examine(t, withStick, nil, &library{version: google16, open: []Trial{{At: Preparing, Err: died("")}}}, Options{}),
	} {
		var b bytes.Buffer
		if err := r.Print(&b); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer(filepath.Dir(bothFiles(t).CPU), "MODELS", "x:"+ownGroup, "x:GROUP").Replace(b.String())
		file := filepath.Join("testdata", name+".txt")
		if os.Getenv("CORALLITE_WRITE_GOLDEN") != "" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

// TestTextFits checks that in a narrow terminal only commands exceed the width, and that no word is lost.
func TestTextFits(t *testing.T) {
	r := examine(t, withStick.with(inDocker, files{stickNode: "absent"}), nil, missingLibrary(), Options{})
	words := func(width int) string {
		var b bytes.Buffer
		if err := r.print(&b, width); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			command := slices.ContainsFunc(r.Findings, func(f Finding) bool { return slices.Contains(f.Fix, strings.TrimSpace(line)) })
			if width > 0 && terminal.Columns(line) > width && !command {
				t.Errorf("%d columns at width %d: %q", terminal.Columns(line), width, line)
			}
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	want := words(0)
	for _, width := range []int{60, 80, 120} {
		if got := words(width); len(got) != len(want) { // a cell may stand lower, beside others
			t.Errorf("at width %d:\n%s\nwant\n%s", width, got, want)
		}
	}
}

// TestJSON checks the format for programs.
func TestJSON(t *testing.T) {
	r := examine(t, withStick.with(groupOf("plugdev", "")), map[string]error{stickNode: syscall.EACCES}, nil, Options{})
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cause    map[string]any
		Stopped  []string
		Findings []map[string]any
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"check": "permission", "subject": "usb:2-1", "state": "problem", "id": "device-permission"} {
		if got.Cause[key] != want {
			t.Errorf("cause.%s is %v, want %v", key, got.Cause[key], want)
		}
	}
	if got.Stopped == nil || len(got.Findings) < 5 {
		t.Errorf("%s", b)
	}
	for _, f := range got.Findings {
		if f["found"] == "" || f["looked_at"] == nil || f["state"] == nil || f["check"] == nil {
			t.Errorf("finding without %+v", f)
		}
	}
	b, err = json.Marshal(examine(t, withStick, nil, nil, Options{}))
	if err != nil || !strings.HasPrefix(string(b), `{"cause":null,"stopped":[],"findings":[{`) {
		t.Errorf("of a machine without fault: %s, %v", b, err)
	}
}

// TestDocumented checks that docs/edge-tpu.md lists every cause, in the right order.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "edge-tpu.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range explaining {
		if !strings.Contains(string(page), "| `"+string(e.ID)+"` |") {
			t.Errorf("docs/edge-tpu.md does not list %s", e.ID)
		}
	}
	source, err := os.ReadFile("ids.go")
	if err != nil {
		t.Fatal(err)
	}
	defined := strings.Count(string(source), " ID = \"")
	if defined != len(explaining) {
		t.Errorf("%d causes are defined and %d have a place", defined, len(explaining))
	}
	for _, kind := range []error{edgetpu.ErrNotFound, edgetpu.ErrUnreadable, edgetpu.ErrNotLibrary, edgetpu.ErrWrongArchitecture,
		edgetpu.ErrMissingDependency, edgetpu.ErrMissingSymbol, edgetpu.ErrLoad} {
		if libraryIDs[kind] == "" {
			t.Errorf("%v has no cause", kind)
		}
	}
}

// TestRulesFile compares scripts/udev with the rules that the doctor suggests.
func TestRulesFile(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "scripts", "udev", filepath.Base(RulesFile)))
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	if want := slices.Concat(USBRules, PCIRules); !slices.Equal(rules, want) {
		t.Errorf("scripts/udev has %q, want %q", rules, want)
	}
	groups := map[string]string{}
	for _, rule := range rules {
		keys := parseRule(t, rule)
		if keys["MODE="] != "0660" {
			t.Errorf("%s: anybody may open the device, or the group may not", rule)
		}
		groups[keys["SUBSYSTEM=="]+" "+keys["ATTR{idVendor}=="]+":"+keys["ATTR{idProduct}=="]] = keys["GROUP="]
	}
	if len(groups) != 3 || groups["usb 1a6e:089a"] != "plugdev" || groups["usb 18d1:9302"] != "plugdev" || groups["apex :"] != "apex" {
		t.Errorf("devices and groups: %v", groups)
	}
}

// parseRule parses a rule's keys with their operators, as in udev(7): KEY==, KEY=, KEY+=.
func parseRule(t *testing.T, rule string) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for _, part := range strings.Split(rule, ", ") {
		key, value, ok := strings.Cut(part, `"`)
		value, quoted := strings.CutSuffix(value, `"`)
		if !ok || !quoted || !strings.HasSuffix(key, "=") || strings.Contains(value, `"`) {
			t.Fatalf("%q in %q is no key with a value", part, rule)
		}
		keys[key] = value
	}
	return keys
}
