// Package fileglob expands file names, folders and patterns that users give.
package fileglob

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/regfile"
)

// Kind is a kind of files.
type Kind struct {
	Name    string   // in the plural, for errors: "pictures"
	Endings []string // file name extensions in lower case with the dot, for files in a folder
}

// Has reports whether a file name is of the kind. Hidden files are not: programs use such names for unfinished files.
func (k Kind) Has(path string) bool {
	return !strings.HasPrefix(filepath.Base(path), ".") && slices.Contains(k.Endings, strings.ToLower(filepath.Ext(path)))
}

// Expand returns the files for names: an existing file, all files of the kind in a folder (not below it), or, for a name
// with *, ? or [ that does not exist, the files that match the pattern (see filepath.Match). Files of a folder or pattern
// are in natural order, img2 before img10, and each appears once. A name that does not exist is kept, so that the others
// are read and the error comes when it is opened.
func (k Kind) Expand(names []string) ([]string, error) {
	var files []string
	var errs []error
	seen := map[string]bool{}
	add := func(found []string) {
		for _, path := range found {
			if clean := filepath.Clean(path); !seen[clean] {
				seen[clean] = true
				files = append(files, path)
			}
		}
	}
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err == nil && info.IsDir():
			found, err := k.in(name)
			add(found)
			errs = append(errs, err)
		case err == nil || !strings.ContainsAny(name, "*?["):
			seen[filepath.Clean(name)] = true
			files = append(files, name)
		default:
			found, err := k.matching(name)
			add(found)
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no %s given", k.Name)
	}
	return files, nil
}

func (k Kind) in(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", k.Name, dir, regfile.Cause(err))
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && k.Has(e.Name()) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no %s in folder %s (with names ending in %s)", k.Name, dir, strings.Join(k.Endings, " "))
	}
	slices.SortFunc(found, Naturally)
	return found, nil
}

func (k Kind) matching(pattern string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.Name, pattern, err)
	}
	found := slices.DeleteFunc(matches, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("no %s match %s", k.Name, pattern)
	}
	slices.SortFunc(found, Naturally)
	return found, nil
}

// Naturally compares names in natural order, with digits as numbers: img2 before img10.
func Naturally(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m == 0 || n == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		// Without leading zeros a longer number is larger; equally long ones compare by digits.
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if order := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); order != 0 {
			return order
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digits is the number of digits at the beginning of s.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
