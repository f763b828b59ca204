package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"gocv.io/x/gocv"

	_ "image/jpeg"
	_ "image/png"
)

// cmdExits is "exits CODE PROGRAM ARGUMENT...": exec that wants that very exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// result is what the scripts look at in a line of JSON.
type result struct {
	Source     string
	Detections []struct {
		Index int
		Score float64
		Box   [4]float64
	}
	Classes []struct {
		Index int
		Score float64
	}
}

// results reads JSON Lines from a file, or from the standard output of the last program.
func results(ts *testscript.TestScript, name string) []result {
	var all []result
	for d := json.NewDecoder(strings.NewReader(ts.ReadFile(name))); d.More(); {
		var r result
		ts.Check(d.Decode(&r))
		all = append(all, r)
	}
	return all
}

// cmdBoxes is "boxes JSONL GOLDEN": the detections are those of GOLDEN, lines of "picture index score xmin ymin xmax
// ymax", in that order: the same indices, scores within 0.01 and edges within one pixel.
func cmdBoxes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: boxes JSONL GOLDEN")
	}
	var got [][]float64
	var names []string
	for _, r := range results(ts, args[0]) {
		for _, d := range r.Detections {
			names = append(names, filepath.Base(r.Source))
			got = append(got, append([]float64{float64(d.Index), d.Score}, d.Box[:]...))
		}
	}
	compare(ts, args[1], names, got, []float64{0, 0.01, 1, 1, 1, 1})
}

// cmdClasses is "classes JSONL GOLDEN": as boxes, with lines of "picture index score".
func cmdClasses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: classes JSONL GOLDEN")
	}
	var got [][]float64
	var names []string
	for _, r := range results(ts, args[0]) {
		for _, c := range r.Classes {
			names = append(names, filepath.Base(r.Source))
			got = append(got, []float64{float64(c.Index), c.Score})
		}
	}
	compare(ts, args[1], names, got, []float64{0, 0.01})
}

// compare holds rows of numbers against the lines of a golden file, each column with a tolerance.
func compare(ts *testscript.TestScript, golden string, names []string, got [][]float64, tolerance []float64) {
	want := strings.Split(strings.TrimSpace(ts.ReadFile(golden)), "\n")
	if len(got) != len(want) {
		ts.Fatalf("%d results, not %d:\n%v", len(got), len(want), got)
	}
	for i, line := range want {
		fields := strings.Fields(line)
		if len(fields) != len(tolerance)+1 {
			ts.Fatalf("%s: %q has not %d fields", golden, line, len(tolerance)+1)
		}
		near := names[i] == fields[0]
		for k, field := range fields[1:] {
			number, err := strconv.ParseFloat(field, 64)
			ts.Check(err)
			near = near && math.Abs(got[i][k]-number) <= tolerance[k]
		}
		if !near {
			ts.Fatalf("result %d is %s %v, not %s", i, names[i], got[i], line)
		}
	}
}

// cmdValue is "value JSON PATH PATTERN": the value at PATH (keys and indices with dots between them; a key may have
// dots when it is the last) matches PATTERN, as JSON without spaces. JSON is a file with one value, or the last line of
// one with several.
func cmdValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: value JSON PATH PATTERN")
	}
	var v any
	for d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0]))); d.More(); {
		v = nil
		ts.Check(d.Decode(&v))
	}
	for rest := args[1]; rest != ""; {
		var key string
		switch at := v.(type) {
		case map[string]any:
			whole, ok := at[rest]
			if ok {
				v, rest = whole, ""
				continue
			}
			key, rest, _ = strings.Cut(rest, ".")
			if v, ok = at[key]; !ok {
				ts.Fatalf("%s: no %q in %v", args[0], key, at)
			}
		case []any:
			key, rest, _ = strings.Cut(rest, ".")
			i, err := strconv.Atoi(key)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("%s: no %d in %v", args[0], i, at)
			}
			v = at[i]
		default:
			ts.Fatalf("%s: nothing is inside %v", args[0], v)
		}
	}
	text, err := json.Marshal(v)
	ts.Check(err)
	pattern, err := regexp.Compile("^(?:" + args[2] + ")$")
	ts.Check(err)
	if !pattern.Match(text) {
		ts.Fatalf("%s: %s is %s, which does not match %s", args[0], args[1], text, args[2])
	}
}

// cmdOnly is "only FOLDER NAME...": the folder has these files and folders and no others, hidden ones included.
func cmdOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: only FOLDER NAME...")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s has %v, not %v", args[0], got, want)
	}
}

// cmdMovie is "movie FILE LEAST MOST": the video can be read to its end, and has so many frames.
func cmdMovie(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: movie FILE LEAST MOST")
	}
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	most, err := strconv.Atoi(args[2])
	ts.Check(err)
	n, err := countFrames(ts.MkAbs(args[0]))
	ts.Check(err)
	if n < least || n > most {
		ts.Fatalf("%s has %d frames, not %d to %d", args[0], n, least, most)
	}
}

// countFrames decodes a video, whose own count must be right.
func countFrames(path string) (int, error) {
	v, err := gocv.VideoCaptureFile(path)
	if err != nil {
		return 0, err
	}
	defer v.Close()
	frame := gocv.NewMat()
	defer frame.Close()
	n := 0
	for v.Read(&frame) && !frame.Empty() {
		n++
	}
	if said := int(v.Get(gocv.VideoCaptureFrameCount)); said != n {
		return 0, fmt.Errorf("%s says it has %d frames, and %d can be read", path, said, n)
	}
	return n, nil
}

// cmdPicture is "picture FILE WIDTHxHEIGHT": the file is a PNG or JPEG picture of that size, whole.
func cmdPicture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: picture FILE WIDTHxHEIGHT")
	}
	picture, _, err := image.Decode(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	if got := fmt.Sprintf("%dx%d", picture.Bounds().Dx(), picture.Bounds().Dy()); got != args[1] {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// cmdLines is "lines FILE N": the file has N lines, all whole.
func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	text := []byte(ts.ReadFile(args[0]))
	if got := strconv.Itoa(bytes.Count(text, []byte("\n"))); got != args[1] || len(text) > 0 && text[len(text)-1] != '\n' {
		ts.Fatalf("%s has %s lines, not %s:\n%s", args[0], got, args[1], text)
	}
}

// condition is [tmpfs]: a small disk can be mounted, by root or in a namespace of its own.
func condition(name string) (bool, error) {
	if name != "tmpfs" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt").Run() == nil, nil
}
