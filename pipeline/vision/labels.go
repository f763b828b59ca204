package vision

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"corallite/internal/regfile"
)

// maxLabelIndex bounds the memory that one line of a label file can ask for.
const maxLabelIndex = 1 << 20

// maxLabelFile is the most bytes that a label file may have: the largest that are known have about 1 MB.
const maxLabelFile = 32 << 20

// ReadLabels reads a label file; see ParseLabels. Errors name the file.
func ReadLabels(path string) ([]string, error) {
	text, err := regfile.Read(path, maxLabelFile)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	labels, err := parseLabels(text)
	if err != nil {
		return nil, fmt.Errorf("labels: %s: %w", path, err)
	}
	return labels, nil
}

// ParseLabels reads labels, UTF-8: those of a label map, a table, JSON or YAML (see structured), else one a line. There
// are two formats of lines. Plain: the first line is the label of index 0,
// the second of index 1, and so on; a blank line is an index without a label, and blank lines at the end are none.
// Numbered, when every line that is not blank starts with a number and a space, colon, comma or tab: "0  person"; the
// numbers rise, and those that are left out are indices without a label. The returned slice has the label of index i
// at i, "" where there is none.
func ParseLabels(r io.Reader) ([]string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxLabelFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxLabelFile {
		return nil, fmt.Errorf("larger than %d MiB, which is not a label file", maxLabelFile>>20)
	}
	return parseLabels(text)
}

func parseLabels(text []byte) ([]string, error) {
	if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
		labels, known, err := structured(text)
		if err == nil && known && len(labels) == 0 {
			err = errors.New("the file contains no labels")
		}
		if known {
			return labels, err
		}
	}
	lines, err := labelLines(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return nil, errors.New("the file contains no labels")
	}
	if isNumbered(lines) {
		return numbered(lines)
	}
	return lines, nil
}

func labelLines(r io.Reader) ([]string, error) {
	var lines []string
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		line := scan.Bytes()
		if len(lines) == 0 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return nil, fmt.Errorf("line %d is not UTF-8 text", len(lines)+1)
		}
		lines = append(lines, strings.TrimSpace(string(line)))
		if len(lines) > maxLabelIndex {
			return nil, fmt.Errorf("more than %d lines", maxLabelIndex)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
	}
	return lines, nil
}

var numberedLine = regexp.MustCompile(`^([0-9]+)\s*[\s:,]\s*(\S.*)$`)

func isNumbered(lines []string) bool {
	for _, line := range lines {
		if line != "" && !numberedLine.MatchString(line) {
			return false
		}
	}
	return true
}

func numbered(lines []string) ([]string, error) {
	var labels []string
	for i, line := range lines {
		if line == "" {
			continue
		}
		parts := numberedLine.FindStringSubmatch(line)
		index, err := strconv.Atoi(parts[1])
		if err != nil || index >= maxLabelIndex {
			return nil, fmt.Errorf("line %d: index %s is too large", i+1, parts[1])
		}
		if index < len(labels) {
			return nil, fmt.Errorf("line %d: index %d comes after index %d", i+1, index, len(labels)-1)
		}
		for len(labels) < index {
			labels = append(labels, "")
		}
		labels = append(labels, parts[2])
	}
	return labels, nil
}

// BackgroundOffset is the LabelOffset for a model that does not count the background as a class, as all models with
// TFLite_Detection_PostProcess: 1 when the labels start with a line for the background ("background", "???"), else 0.
func BackgroundOffset(labels []string) int {
	if len(labels) > 0 && (labels[0] == "???" || strings.EqualFold(labels[0], "background")) {
		return 1
	}
	return 0
}
