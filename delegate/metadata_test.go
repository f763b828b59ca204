package delegate

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

// TestPacked reads the labels that are packed into a model, and says what is wrong where they are not.
func TestPacked(t *testing.T) {
	path := testdata.Path(t, "wild/yamnet_audio_classifier_with_metadata.tflite")
	describe := func(path string) *Description {
		m, err := Read(Files{CPU: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		d, err := m.Describe()
		if err != nil || d == nil {
			t.Fatalf("%v, %v", d, err)
		}
		return d
	}
	d := describe(path)
	text, err := d.Packed(d.Outputs[0].Labels)
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); err != nil || len(lines) != 521 || strings.TrimSpace(lines[0]) != "Speech" {
		t.Errorf("%d lines, the first %q, %v", len(lines), lines[0], err)
	}
	if _, err := d.Packed("more.txt"); err == nil || !strings.Contains(err.Error(), "more.txt, which is not packed into it") {
		t.Error(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(whole, []byte("PK\x03\x04"))
	damaged := bytes.Clone(whole)
	damaged[at+200] ^= 0xff
	for want, b := range map[string][]byte{"no files are packed into it": whole[:at], "yamnet_label_list.txt, which is packed into it: ": damaged} {
		copied := filepath.Join(t.TempDir(), "model.tflite")
		if err := os.WriteFile(copied, b, 0o600); err != nil {
			t.Fatal(err)
		}
		d := describe(copied)
		if _, err := d.Packed(d.Outputs[0].Labels); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestNotes reads the texts that are packed behind a model without metadata, as Ultralytics' exporter does it.
func TestNotes(t *testing.T) {
	whole, err := os.ReadFile(testdata.Path(t, "models/split_concat.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, text := range map[string]string{"metadata.json": `{"task": "detect"}`, "picture.png": "no text", "large.txt": strings.Repeat("a", 2<<20)} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for want, packed := range map[string][]byte{"": nil, `metadata.json: {"task": "detect"}`: archive.Bytes()} {
		path := filepath.Join(t.TempDir(), "model.tflite")
		if err := os.WriteFile(path, append(bytes.Clone(whole), packed...), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Read(Files{CPU: path})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		var got []string
		for name, text := range m.Notes() {
			got = append(got, name+": "+string(text))
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
