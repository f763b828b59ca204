package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var project = filepath.Join("..", "..")

// TestUpToDate checks that THIRD_PARTY_NOTICES is what the linked modules and the catalog say.
func TestUpToDate(t *testing.T) {
	if err := run(project, true); err != nil {
		t.Error(err)
	}
}

func TestNotices(t *testing.T) {
	text, err := notices(project)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(project, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{
		"gocv.io/x/gocv v", "github.com/spf13/cobra v", "Copyright (c) 2009 The Go Authors", "TensorFlow Lite 2.17.1",
		"Redistribution and use in source and binary forms", "openwakeword_alexa: CC-BY-NC-SA-4.0 (not for commercial use)",
	} {
		if !strings.Contains(got, want) && !strings.Contains(got, strings.Replace(want, "Copyright (c) 2009", "Copyright 2009", 1)) {
			t.Errorf("no %q", want)
		}
	}
	// Modules that only tests need are not in the program.
	for _, other := range []string{"go.uber.org/goleak", "github.com/rogpeppe/go-internal"} {
		if !strings.Contains(string(mod), other) {
			t.Fatalf("go.mod does not have %s any more: name another", other)
		}
		if strings.Contains(got, other) {
			t.Errorf("%s is named", other)
		}
	}
}

// TestTexts checks which files of a module count as its licence.
func TestTexts(t *testing.T) {
	m := &module{Path: "example.com/none", Version: "v1.0.0", Dir: t.TempDir()}
	m.folders = []string{m.Dir}
	if _, err := m.texts(); err == nil || !strings.Contains(err.Error(), "has no licence file") {
		t.Errorf("a module without a licence: %v", err)
	}
	inner := filepath.Join(m.Dir, "inner", "deep")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(m.Dir, "LICENSE.txt"):             "one\r\n\r\n",
		filepath.Join(m.Dir, "inner", "COPYING"):        "two \n",
		filepath.Join(m.Dir, "license.go"):              "package x",
		filepath.Join(filepath.Dir(m.Dir), "LICENSE-x"): "another's",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m.folders = append(m.folders, inner)
	if texts, err := m.texts(); err != nil || strings.Join(texts, "|") != "one\n|two\n" {
		t.Errorf("%q, %v", texts, err)
	}
}
