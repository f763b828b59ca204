// Command notices writes THIRD_PARTY_NOTICES: third-party work in the program or shipped with it, and its licences. It
// lists the Go modules linked into cmd/corallite with the licence files from the module cache, the models in the catalog,
// and the native libraries in native.txt.
//
//	go run ./scripts/notices           # writes the file
//	go run ./scripts/notices -check    # fails if the file is out of date
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"corallite/models"
)

//go:embed native.txt
var native string

const file = "THIRD_PARTY_NOTICES"

func main() {
	log.SetFlags(0)
	log.SetPrefix("notices: ")
	check := flag.Bool("check", false, "only check, and fail if "+file+" is out of date")
	flag.Parse()
	if err := run(".", *check); err != nil {
		log.Fatal(err)
	}
}

func run(root string, check bool) error {
	want, err := notices(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, file)
	if !check {
		return os.WriteFile(path, want, 0o644)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s is out of date: go run ./scripts/notices", file)
	}
	return nil
}

// notices returns the text for the module in a folder.
func notices(root string) ([]byte, error) {
	modules, err := linked(root)
	if err != nil {
		return nil, err
	}
	catalog, err := models.Open(models.Options{})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("Corallite is licensed under the Apache License 2.0 (LICENSE). It contains or uses the third-party work below.\n" +
		"scripts/notices generates this file.\n")
	heading(&b, "Native libraries, fonts and the Go runtime")
	b.WriteString(native)
	heading(&b, "Models for `corallite models pull`")
	b.WriteString("They are not included in the program unless noted. Each is downloaded on request, under its own licence.\n\n")
	for _, e := range catalog.Entries() {
		fmt.Fprintf(&b, "%s: %s", e.Name, e.Licence.SPDX)
		if e.Licence.Note != "" {
			fmt.Fprintf(&b, " (%s)", e.Licence.Note)
		}
		if e.Files.Model.Shipped != "" {
			b.WriteString(", included in the program")
		}
		fmt.Fprintf(&b, "\n    %s\n", e.Licence.Source)
	}
	heading(&b, "Go modules linked into bin/corallite")
	for _, m := range modules {
		fmt.Fprintf(&b, "%s %s\n", m.Path, m.Version)
	}
	if err := licences(&b, modules); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func heading(b *bytes.Buffer, text string) {
	fmt.Fprintf(b, "\n%s\n%s\n\n", text, strings.Repeat("=", len(text)))
}

// module is a Go module in the program.
type module struct {
	Path, Version, Dir string
	Main               bool

	folders []string // of its linked packages
}

// linked returns the modules of the program's packages.
func linked(root string) ([]*module, error) {
	list := exec.Command("go", "list", "-deps", "-json=Dir,Module", "./cmd/corallite")
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1") // for the same result on every machine
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	byPath := map[string]*module{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir    string
			Module *module
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		m := byPath[p.Module.Path]
		if m == nil {
			m = p.Module
			byPath[m.Path] = m
		}
		m.folders = append(m.folders, p.Dir)
	}
	var all []*module
	for _, m := range byPath {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// isLicence is the name of a file that says what one may do.
var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)([.-].*)?$`)

// texts are the licence files of a module: those in its folder, and those in the folders of the packages that are linked
// and above them.
func (m *module) texts() ([]string, error) {
	folders := map[string]bool{}
	for _, dir := range m.folders {
		for strings.HasPrefix(dir, m.Dir) {
			folders[dir] = true
			dir = filepath.Dir(dir)
		}
	}
	var texts []string
	for dir := range folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !isLicence.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, clean(string(text)))
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s %s has no licence file in %s", m.Path, m.Version, m.Dir)
	}
	slices.Sort(texts)
	return slices.Compact(texts), nil
}

// clean is a text with line ends as they are here, and without spaces at the ends of lines.
func clean(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}

// licences writes each text once, with the modules that have it.
func licences(b *bytes.Buffer, modules []*module) error {
	var order []string
	of := map[string][]string{}
	for _, m := range modules {
		texts, err := m.texts()
		if err != nil {
			return err
		}
		for _, text := range texts {
			if of[text] == nil {
				order = append(order, text)
			}
			of[text] = append(of[text], m.Path)
		}
	}
	for _, text := range order {
		heading(b, strings.Join(of[text], ", "))
		b.WriteString(text)
	}
	return nil
}
