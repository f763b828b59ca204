package models

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// maxLabelFile keeps a wrong file (a video, a model) from being read whole.
const maxLabelFile = 16 << 20

// ReadLabels reads a label file: line i (from 0) is the label of class i. Space around a label is dropped, an empty
// line is a class without a label, and empty lines at the end do not count. Text files of any line ending, in UTF-8
// with or without a byte order mark. An empty file is an error.
func ReadLabels(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxLabelFile:
		return nil, fmt.Errorf("%s has %d bytes: that is no label file (one label a line)", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, fmt.Errorf("%s is not a text file in UTF-8: a label file has one label a line", path)
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	text = strings.TrimRight(text, " \t\n")
	if text == "" {
		return nil, fmt.Errorf("%s is empty: a label file has one label a line", path)
	}
	labels := strings.Split(text, "\n")
	for i := range labels {
		labels[i] = strings.TrimSpace(labels[i])
	}
	return labels, nil
}
