package configs

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// TestBad loads every file of testdata/bad and compares the problems with the .want file beside it, in which DIR is
// the working directory and CACHE the model cache. Lists that grow with the parts and keys of the program are named there.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	here, err := filepath.Abs("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	dir := workingFolder(t, t.Chdir)
	store, cache := emptyStore(t)
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(here, name))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, name, string(text))
			cfg, err := Load([]string{name}, LoadOptions{Models: store, ReadLabels: lines})
			var problems Problems
			if cfg != nil || !errors.As(err, &problems) {
				t.Fatalf("%v, %T", cfg, err)
			}
			got := strings.NewReplacer(append(growing(), dir, "DIR", cache, "CACHE")...).Replace(problems.Error()) + "\n"
			golden := filepath.Join(here, strings.TrimSuffix(name, ".yaml")+".want")
			if *update {
				writeFile(t, golden, got)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("problems:\n%swant:\n%s", got, want)
			}
		})
	}
}

// growing are the lists in messages that grow, each with its name.
func growing() []string {
	models, pipelines := root().Child("models"), root().Child("pipelines")
	return []string{
		strings.Join(models.ChildNames(), ", "), "KEYS-OF-MODELS",
		strings.Join(models.Child("task").Choices, ", "), "TASKS",
		strings.Join(models.Child("delegate").Choices, ", "), "DELEGATES",
		strings.Join(models.Child("decoder").Choices, ", "), "DECODERS",
		strings.Join(pipelines.ChildNames(), ", "), "KEYS-OF-PIPELINES",
		strings.Join(pipelines.Child("source").ChildNames(), ", "), "KEYS-OF-SOURCES",
		sourceKinds(), "SOURCES",
		sinkKinds(), "SINKS",
	}
}

// sourceKinds is "images, folder … or sound", and sinkKinds "jsonl, table, …".
func sourceKinds() string {
	var kinds []string
	for _, k := range root().Child("pipelines").Child("source").Keys {
		if k.Requires == nil {
			kinds = append(kinds, k.Name)
		}
	}
	return joinWords(kinds)
}

func sinkKinds() string {
	return strings.Join(root().Child("pipelines").Child("sinks").ChildNames(), ", ")
}
