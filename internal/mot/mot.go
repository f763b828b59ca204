// Package mot reads and writes tracks in the text format of MOTChallenge and measures them against an annotation:
// CLEAR MOT (MOTA, switches, fragments), IDF1 and HOTA.
package mot

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/overlap"
)

// MinIoU is the minimum overlap (intersection over union) of a found box with an annotated one for the two to be a
// pair, as in MOTChallenge. HOTA goes through thresholds of its own.
const MinIoU = 0.5

// Box is one object in one frame.
type Box struct {
	ID         int     // of the object, or -1 in a file of detections
	X, Y, W, H float64 // the left upper corner, and the size, in pixels
	Score      float64
}

// Frames are the boxes of each frame, by its number, from 1.
type Frames map[int][]Box

// Read reads MOTChallenge's text: a line a box, of frame, id, x, y, width, height, score and three numbers that mean
// nothing in a plane. The last four may be missing; the score is then 1. Lines of an annotation with a score of 0 mark
// what is not to be measured, and are skipped. An id may be in a frame once, or any number of times if it is -1.
func Read(r io.Reader) (Frames, error) {
	frames := Frames{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) < 6 || len(fields) > 10 {
			return nil, fmt.Errorf("line %d has %d numbers: want 6 to 10, frame,id,x,y,width,height,score,…", n, len(fields))
		}
		v := make([]float64, 7)
		v[6] = 1
		for i := range min(len(fields), 7) {
			x, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
			if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("line %d: %q is not a number", n, fields[i])
			}
			v[i] = x
		}
		frame, id := int(v[0]), int(v[1])
		if float64(frame) != v[0] || float64(id) != v[1] || frame < 1 || id < -1 {
			return nil, fmt.Errorf("line %d: frame %s, id %s: want whole numbers, the frame from 1", n, fields[0], fields[1])
		}
		if !(v[4] > 0 && v[5] > 0) {
			return nil, fmt.Errorf("line %d: a box of %g × %g has no area", n, v[4], v[5])
		}
		if v[6] == 0 {
			continue
		}
		if id >= 0 && slices.ContainsFunc(frames[frame], func(b Box) bool { return b.ID == id }) {
			return nil, fmt.Errorf("line %d: object %d is in frame %d twice", n, id, frame)
		}
		frames[frame] = append(frames[frame], Box{ID: id, X: v[2], Y: v[3], W: v[4], H: v[5], Score: v[6]})
	}
	return frames, lines.Err()
}

// Write writes what Read reads, in the order of the frames.
func Write(w io.Writer, frames Frames) error {
	out := bufio.NewWriter(w)
	for _, n := range slices.Sorted(maps.Keys(frames)) {
		for _, b := range frames[n] {
			fmt.Fprintf(out, "%d,%d,%s,%s,%s,%s,%s,-1,-1,-1\n", n, b.ID, short(b.X), short(b.Y), short(b.W), short(b.H), short(b.Score))
		}
	}
	return out.Flush()
}

func short(x float64) string { return strconv.FormatFloat(math.Round(x*1e4)/1e4, 'f', -1, 64) }

// IoU is intersection over union, 0 to 1.
func IoU(a, b Box) float64 { return overlap.IoU(a.corners(), b.corners()) }

func (b Box) corners() [4]float64 { return [4]float64{b.X, b.Y, b.X + b.W, b.Y + b.H} }
