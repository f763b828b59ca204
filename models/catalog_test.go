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
// scripts/test-files has fetched, and the test data as its mirror. It skips when they are not there.
func realStore(t *testing.T) *Store {
	t.Helper()
	c := builtin()
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
	mirror := t.TempDir()
	for _, pattern := range []string{"models/*.tflite", "labels/*.txt"} {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(testdata.Path(t, "models")), filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			if err := os.Symlink(file, filepath.Join(mirror, filepath.Base(file))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return open(Options{Cache: t.TempDir(), Downloads: fetched.downloads, Mirror: mirror}, c)
}

func TestCatalog(t *testing.T) {
	c := builtin()
	var names []string
	shas := map[string]string{}
	for _, e := range c.entries {
		names = append(names, e.Name+" "+string(e.Trust()))
		for _, f := range e.Files.All() {
			if f.URL != "" && !strings.HasPrefix(f.URL, "https://") {
				t.Errorf("%s: %s is no https address", e.Name, f.URL)
			}
			if other, ok := shas[f.Name()]; ok && other != f.SHA256+f.GitBlob {
				t.Errorf("two different files are called %s: a mirror by name cannot have both", f.Name())
			}
			shas[f.Name()] = f.SHA256 + f.GitBlob
		}
		if !e.Trust().Known() {
			t.Errorf("%s: a file of it cannot be verified", e.Name)
		}
		if e.Task == "detect" && e.Detect == nil {
			t.Errorf("%s: a detector without detect", e.Name)
		}
		if e.Task != "pose" && e.Task != "embed" && (len(e.Labels) == 0) == (e.Files.Labels == nil) {
			t.Errorf("%s: needs either labels or a file of them", e.Name)
		}
		if i := slices.IndexFunc(c.entries, func(other Entry) bool { return other.Name == e.Name }); c.entries[i].Description != e.Description {
			t.Errorf("two models are called %s", e.Name)
		}
	}
	for _, want := range []string{"face_detection_front verified", "mobilenet_v2_1.0_224_quant git", "efficientdet_lite0_320_ptq git"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %q", want, names)
		}
	}
}

// TestKnownFiles holds the catalog against the test data: a file of it that is there has its sha256 in the catalog.
func TestKnownFiles(t *testing.T) {
	c := builtin()
	root := filepath.Dir(testdata.Path(t, "models"))
	found := 0
	for _, e := range c.entries {
		for _, f := range e.Files.All() {
			for _, dir := range []string{"models", "labels"} {
				path := filepath.Join(root, dir, f.Name())
				if _, err := os.Stat(path); err != nil {
					continue
				}
				found++
				if err := checkFile(path, f.Size, f.SHA256); err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d files of the catalog are in the test data", found)
	}
}

// TestPinsAgree holds the catalog and the scripts to the same packages, so that either finds what the other fetched.
func TestPinsAgree(t *testing.T) {
	pins, err := os.ReadFile("../scripts/lib/pins.sh")
	if err != nil {
		t.Fatal(err)
	}
	c := builtin()
	for name, p := range c.packages {
		line := regexp.MustCompile(regexp.QuoteMeta(p.PyPI) + ` (\S+) (\S+)`).FindSubmatch(pins)
		if line == nil || string(line[1]) != p.Platform || strings.TrimSpace(string(line[2])) != p.SHA256 {
			t.Errorf("%s: the catalog has platform %s, sha256 %s, and scripts/lib/pins.sh %q", name, p.Platform, p.SHA256, line)
		}
	}
}

// TestRealModels takes every model whose files are there out of the real packages and the test data, and looks into the
// files.
func TestRealModels(t *testing.T) {
	s := realStore(t)
	files, seen := 0, 0
	for _, e := range s.Entries() {
		if slices.ContainsFunc(e.Files.All(), func(f *File) bool { return f.URL != "" && !exists(filepath.Join(s.mirror, f.Name())) }) {
			continue
		}
		seen++
		files += len(s.needed(&e))
		found, err := s.Pull(context.Background(), e.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(found.Model)
		if err != nil {
			t.Fatal(err)
		}
		if string(data[4:8]) != "TFL3" {
			t.Errorf("%s is not a TensorFlow Lite model", found.Model)
		}
		if found.Labels != "" {
			lines, err := os.ReadFile(found.Labels)
			want := map[string]int{"coco_labels.txt": 90, "imagenet_labels.txt": 1001, "inat_bird_labels.txt": 965}[filepath.Base(found.Labels)]
			if n := strings.Count(string(lines), "\n"); err != nil || n != want {
				t.Errorf("%s: %d labels, want %d (%v)", e.Name, n, want, err)
			}
		}
		if (found.EdgeTPU == "") != (e.Files.EdgeTPU == nil) {
			t.Errorf("%s: compiled model at %q", e.Name, found.EdgeTPU)
		}
		if found.EdgeTPU != "" {
			if compiled, err := os.ReadFile(found.EdgeTPU); err != nil || !strings.Contains(string(compiled), "edgetpu-custom-op") {
				t.Errorf("%s: the file is not compiled for the Edge TPU (%v)", e.Name, err)
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
		if w := e.WakeWord; w != nil && w.Kind == OpenWakeWord {
			for _, path := range []string{found.Melspectrogram, found.Embedding} {
				if data, err := os.ReadFile(path); err != nil || string(data[4:8]) != "TFL3" {
					t.Errorf("%s: %s is not a TensorFlow Lite model (%v)", e.Name, path, err)
				}
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
	if seen < 20 {
		t.Errorf("only %d models are there", seen)
	}
	verdicts, err := s.Verify(context.Background())
	if err != nil || len(verdicts) != files {
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
		"not an https address":   head + "      model: {url: 'http://a.invalid/m.tflite'}\n",
		"either package":         head + "      model: {file: m.tflite}\n",
		"is not in sources":      head + "      model: {source: s, file: m.tflite}\n",
		"that ends in /":         "sources: {s: 'https://a.invalid'}\n" + head + "      model: {source: s, file: m.tflite}\n",
		"source needs file":      "sources: {s: 'https://a.invalid/'}\n" + head + "      model: {source: s}\n",
		"size is missing":        head + "      model: {url: 'https://a.invalid/m.tflite', size: 7}\n",
		"sha256 or size":         head + "      model: {url: 'https://a.invalid/m.tflite', sha256: 12, size: 1}\n",
		"not an http(s) address": head + "      model: {url: 'ftp://a.invalid/m.tflite', sha256: " + sum + ", size: 1}\n",
		"file name":              head + "      model: {url: 'https://a.invalid/..', sha256: " + sum + ", size: 1}\n",
		"compiled from":          head + model + strings.Replace(model, "model:", "edgetpu:", 1),
		"decoder":                strings.Replace(head, "task: detect", "task: classify", 1) + model + "    decoder: yolov8\n",
		"input.resize":           head + model + "    input: {resize: bigger}\n",
		"git_blob excludes":      head + "      model: {url: 'https://a.invalid/m.tflite', git_blob: " + sum[:40] + ", size: 1}\n",
		"40 hexadecimal":         head + "      model: {url: 'https://a.invalid/m.tflite', git_blob: " + sum + "}\n",
		"package p":              "packages:\n  p: {pypi: p, file: f, sha256: " + sum + ", size: 1}\n" + head + model,
	} {
		_, err := parseCatalog([]byte(text))
		wantError(t, err, "catalog", want)
	}
}
