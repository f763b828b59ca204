package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"corallite/models"
)

// projectFolder is the module's folder, from this package's.
var projectFolder = filepath.Join("..", "..")

// fences are the blocks of code in a page, by language ("": none is named).
func fences(t *testing.T, page string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(projectFolder, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	return blocks
}

// commandLine is a line of a page that runs corallite.
var commandLine = regexp.MustCompile(`(?:^|[ |(])(?:bin/)?corallite ((?:[a-z]|--)[^#|>)]*)(?:> *(\S+))?`)

// TestCommandsOfPages checks that the commands in the pages are commands of this program, with flags that it has.
func TestCommandsOfPages(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(projectFolder, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, page := range append([]string{filepath.Join(projectFolder, "README.md")}, pages...) {
		name, err := filepath.Rel(projectFolder, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fences(t, name)[""] {
			for line := range strings.Lines(block) {
				m := commandLine.FindStringSubmatch(strings.TrimSpace(line))
				if m == nil {
					continue
				}
				lines++
				if _, err := parsed(strings.Fields(m[1])); err != nil {
					t.Errorf("%s: %s: %v", name, strings.TrimSpace(line), err)
				}
			}
		}
	}
	if lines < 20 {
		t.Errorf("only %d commands were found", lines)
	}
}

// use is what a command line names.
type use struct {
	command string
	args    []string
	flags   map[string]string
}

// parsed reads a command line as the program does.
func parsed(words []string) (use, error) {
	root := newRoot(&streams{in: strings.NewReader(""), out: &bytes.Buffer{}, err: newStatus(&bytes.Buffer{})})
	at, rest, err := root.Find(words)
	if err != nil {
		return use{}, err
	}
	if err := at.ParseFlags(rest); err != nil {
		return use{}, err
	}
	u := use{command: at.CommandPath(), args: at.Flags().Args(), flags: map[string]string{}}
	at.Flags().Visit(func(f *pflag.Flag) { u.flags[f.Name] = f.Value.String() })
	if version := at.Flags().Lookup("version"); at == root && (version == nil || !version.Changed) {
		return u, errors.New("no such command")
	}
	if at.Args != nil {
		err = at.Args(at, u.args)
	}
	return u, err
}

// demoFiles is what `make demo` leaves for the commands of the README; scripts/demo is held to it.
var demoFiles = []string{"astronaut.png", "coffee.png", "chelsea.png", "flight.mp4", "okay_nabu.wav"}

// TestReadmeNamesWhatIsThere checks that the README's commands name files that a reader has: those of the project and
// those of `make demo`; models of the catalog; addresses and what the system has.
func TestReadmeNamesWhatIsThere(t *testing.T) {
	demo, err := os.ReadFile(filepath.Join(projectFolder, "scripts", "demo"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range demoFiles {
		stem, _, _ := strings.Cut(name, ".")
		if !bytes.Contains(demo, []byte(stem)) {
			t.Errorf("scripts/demo does not make %s", name)
		}
	}
	store, err := models.Open(models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	there := func(name string) bool {
		if file, ok := strings.CutPrefix(name, "demo-out/source/"); ok {
			return slices.Contains(demoFiles, file)
		}
		_, err := os.Stat(filepath.Join(projectFolder, name))
		_, known := store.Lookup(name)
		return err == nil || known || strings.Contains(name, "://") || name == "-"
	}
	for _, block := range fences(t, "README.md")[""] {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			words := strings.Fields(strings.SplitN(line, " #", 2)[0])
			switch {
			case len(words) > 1 && words[0] == "make":
				makefile, err := os.ReadFile(filepath.Join(projectFolder, "Makefile"))
				if err != nil || !bytes.Contains(makefile, []byte("\n"+words[1]+":")) {
					t.Errorf("%s: there is no such goal, %v", line, err)
				}
			case slices.Contains(words, "install") && slices.Contains(words, "-D") && !there(words[len(words)-2]):
				t.Errorf("%s: no such file", line)
			}
			m := commandLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			u, err := parsed(strings.Fields(m[1]))
			if err != nil {
				continue // TestCommandsOfPages says so
			}
			for _, arg := range u.args {
				if !there(arg) {
					t.Errorf("%s: a reader has no %s", line, arg)
				}
			}
			if model, ok := u.flags["model"]; ok && !there(strings.Trim(model, "[]")) {
				t.Errorf("%s: there is no model %s", line, model)
			}
		}
	}
}

// TestReadmeBlocks checks that the README's YAML is the file that it says it is, and that its JSON is JSON.
func TestReadmeBlocks(t *testing.T) {
	blocks := fences(t, "README.md")
	shipped, err := os.ReadFile(filepath.Join(projectFolder, "configs", "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := yaml.Unmarshal(shipped, &want); err != nil {
		t.Fatal(err)
	}
	if len(blocks["yaml"]) != 1 || len(blocks["json"]) != 1 {
		t.Fatalf("%d blocks of YAML and %d of JSON", len(blocks["yaml"]), len(blocks["json"]))
	}
	if err := yaml.Unmarshal([]byte(blocks["yaml"][0]), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the YAML is not configs/demo.yaml: %v\n%v\n%v", err, got, want)
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(blocks["json"][0]), &event); err != nil || event["detections"] == nil {
		t.Errorf("the JSON: %v", err)
	}
}
