package camera

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pictureNames are the endings of names that a folder's pictures have.
var pictureNames = []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".pbm", ".pgm", ".ppm", ".pnm",
}

// hasPictureName says whether a file's name is that of a picture. Hidden files are none: programs write under such
// names what is not finished.
func hasPictureName(path string) bool {
	return !strings.HasPrefix(filepath.Base(path), ".") && slices.Contains(pictureNames, strings.ToLower(filepath.Ext(path)))
}

// expand turns what a user names into files. A name that exists is that file, or all pictures in that folder (not
// below it); any other with *, ? or [ is a pattern as filepath.Match describes it. Files of a folder and a pattern are
// sorted as people sort them, img2 before img10, and each comes once. A name that does not exist stays, so that the
// others are still read and the error comes when it is opened.
func expand(names []string) ([]string, error) {
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
			found, err := picturesIn(name)
			add(found)
			errs = append(errs, err)
		case err == nil || !strings.ContainsAny(name, "*?["):
			seen[filepath.Clean(name)] = true
			files = append(files, name)
		default:
			found, err := matching(name)
			add(found)
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("no pictures are named")
	}
	return files, nil
}

func picturesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("pictures in %s: %w", dir, cause(err))
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && hasPictureName(e.Name()) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("pictures in %s: the folder has none (names that end in %s)", dir, strings.Join(pictureNames, " "))
	}
	slices.SortFunc(found, naturally)
	return found, nil
}

func matching(pattern string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pictures %s: %w", pattern, err)
	}
	found := slices.DeleteFunc(matches, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("pictures %s: no file has such a name", pattern)
	}
	slices.SortFunc(found, naturally)
	return found, nil
}

// naturally compares names with the numbers in them as numbers: img2 before img10.
func naturally(a, b string) int {
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
		// A number without its leading zeros is larger when it is longer, and else as its digits are.
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if order := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); order != 0 {
			return order
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digits is how many digits a string begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
