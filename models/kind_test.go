package models

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"corallite/internal/testdata"
)

// TestWakeWordKindOf tells openWakeWord's word models from all others, whatever they are called.
func TestWakeWordKindOf(t *testing.T) {
	for file, want := range map[string]string{
		"pyopen_wakeword/models/okay_nabu.tflite": OpenWakeWord, "pyopen_wakeword/models/hey_rhasspy.tflite": OpenWakeWord,
		"pyopen_wakeword/models/melspectrogram.tflite": "", "pyopen_wakeword/models/embedding_model.tflite": "",
		"pymicro_wakeword/models/okay_nabu.tflite": "", "pymicro_wakeword/models/okay_nabu.json": "",
	} {
		content, err := os.ReadFile(testdata.Packaged(t, file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "mine.tflite")
		write(t, path, content)
		if got := WakeWordKindOf(path); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
		write(t, path, content[:len(content)/2])
		if got := WakeWordKindOf(path); got != "" {
			t.Errorf("half of %s: %q", file, got)
		}
		write(t, path, bytes.Repeat([]byte("x"), 100))
		if got := WakeWordKindOf(path); got != "" {
			t.Errorf("junk: %q", got)
		}
	}
	if got := WakeWordKindOf(filepath.Join(t.TempDir(), "none.tflite")); got != "" {
		t.Errorf("no file: %q", got)
	}
}

// TestOpenWakeWordChain: without its files the error says what to pull.
func TestOpenWakeWordChain(t *testing.T) {
	s, err := Open(Options{Cache: t.TempDir(), Downloads: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var missing *NotPulledError
	if _, _, err := s.OpenWakeWordChain(); !errors.As(err, &missing) || missing.Name != "openwakeword_alexa" {
		t.Errorf("%v", err)
	}
}
