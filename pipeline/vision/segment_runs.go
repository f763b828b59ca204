package vision

import (
	"cmp"
	"fmt"
	"image"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// run is pixels of one class that follow one another, row by row.
type run struct{ class, length int }

// classSize is what one class has of a mask.
type classSize struct {
	runs   int // how many
	inside int // pixels in the picture
	end    int // where the run ends that was written last
	counts []int
}

// segmentBuffers is the memory of one call of Segment.Decode.
type segmentBuffers struct {
	real    []float32
	highest []uint16
	runs    []run
	each    []classSize // by class
	kept    []int       // classes that become segments
}

// readClasses makes runs of a mask that is given as the class of each pixel.
func readClasses[T uint8 | int32 | int64](t tensor.Tensor, pixels int, b *segmentBuffers) error {
	classes, err := tensor.Of[T](t)
	if err != nil {
		return err
	}
	if len(classes) != pixels {
		return fmt.Errorf("output %s has %d values, want %d", t.Name, len(classes), pixels)
	}
	b.runs, err = appendRuns(b.runs[:0], classes)
	return err
}

// readScores makes runs of a mask that is given as the scores of each pixel.
func readScores[T uint8 | int8](t tensor.Tensor, pixels, classes int, b *segmentBuffers) error {
	scores, err := tensor.Of[T](t)
	if err != nil {
		return err
	}
	if len(scores) != pixels*classes {
		return fmt.Errorf("output %s has %d values, want %d", t.Name, len(scores), pixels*classes)
	}
	return fromScores(scores, pixels, b)
}

func fromScores[T uint8 | int8 | float32](scores []T, pixels int, b *segmentBuffers) error {
	b.highest = slices.Grow(b.highest[:0], pixels)[:pixels]
	if !argmax(b.highest, scores, len(scores)/pixels) {
		return errNoScore
	}
	var err error
	b.runs, err = appendRuns(b.runs[:0], b.highest)
	return err
}

// appendRuns adds the runs of a mask, given as the class of each pixel: whole numbers from 0, below maxSegmentClasses.
func appendRuns[T uint8 | uint16 | int32 | int64 | float32](runs []run, classes []T) ([]run, error) {
	for from := 0; from < len(classes); {
		to, v := from+1, classes[from]
		for to < len(classes) && classes[to] == v {
			to++
		}
		if !(v >= 0) || uint64(v) >= maxSegmentClasses || T(uint64(v)) != v {
			return runs, fmt.Errorf("the model gave %v as a class, which is not a class number", v)
		}
		runs = append(runs, run{int(v), to - from})
		from = to
	}
	return runs, nil
}

// argmax writes which of each pixel's scores is the highest, the first of equals. false: one is not a number.
func argmax[T uint8 | int8 | float32](to []uint16, scores []T, classes int) bool {
	for i := range to {
		each := scores[i*classes : (i+1)*classes]
		best, highest := 0, each[0]
		for k, v := range each {
			if v > highest {
				best, highest = k, v
			} else if v != v {
				return false
			}
		}
		to[i] = uint16(best)
	}
	return true
}

// tally counts runs and pixels of each class. inside is the part of the mask, whose rows have that width, that lies in
// the picture.
func (b *segmentBuffers) tally(width int, inside image.Rectangle) {
	b.each = b.each[:0]
	at := 0
	for _, r := range b.runs {
		if r.class >= len(b.each) {
			n := len(b.each)
			b.each = slices.Grow(b.each, r.class+1-n)[:r.class+1]
			clear(b.each[n:])
		}
		c := &b.each[r.class]
		c.runs++
		c.inside += pixelsInside(at, at+r.length, width, inside)
		at += r.length
	}
}

// pixelsInside is how many of the pixels from … to, counted row by row, lie in a rectangle.
func pixelsInside(from, to, width int, inside image.Rectangle) int {
	from, to = max(from, inside.Min.Y*width), min(to, inside.Max.Y*width)
	if inside.Dx() == width {
		return max(to-from, 0)
	}
	n := 0
	for from < to {
		row := from / width * width
		end := min(to, row+width)
		n += max(min(end, row+inside.Max.X)-max(from, row+inside.Min.X), 0)
		from = end
	}
	return n
}

// segments makes the result of the runs that were tallied, of a mask of so many pixels of which visible lie in the
// picture.
func (b *segmentBuffers) segments(c *classes, pixels, visible int, minShare float32) ([]pipeline.Segment, error) {
	b.kept = b.kept[:0]
	for class, size := range b.each {
		if size.inside > 0 && c.wants(class) && float32(size.inside)/float32(visible) >= minShare {
			b.kept = append(b.kept, class)
		}
	}
	slices.SortFunc(b.kept, func(x, y int) int {
		return cmp.Or(cmp.Compare(b.each[y].inside, b.each[x].inside), cmp.Compare(x, y))
	})
	if c.max > 0 && len(b.kept) > c.max {
		b.kept = b.kept[:c.max]
	}
	need := 0
	for _, class := range b.kept {
		need += 2*b.each[class].runs + 1
	}
	all := make([]int, need)
	found := make([]pipeline.Segment, 0, len(b.kept))
	for _, class := range b.kept {
		n := 2*b.each[class].runs + 1
		b.each[class].counts, all = all[:0:n], all[n:]
	}
	b.encode(pixels)
	for _, class := range b.kept {
		label, err := c.label(class)
		if err != nil {
			return nil, err
		}
		size := &b.each[class]
		found = append(found, pipeline.Segment{
			Label: label, Index: class, Share: float32(size.inside) / float32(visible), Counts: size.counts,
		})
	}
	clear(b.each) // the counts belong to the result now
	return found, nil
}

// encode writes the lengths of runs of the classes that have room for them.
func (b *segmentBuffers) encode(pixels int) {
	at := 0
	for _, r := range b.runs {
		if c := &b.each[r.class]; c.counts != nil {
			c.counts = append(c.counts, at-c.end, r.length)
			c.end = at + r.length
		}
		at += r.length
	}
	for _, class := range b.kept {
		if c := &b.each[class]; c.end < pixels {
			c.counts = append(c.counts, pixels-c.end)
		}
	}
}
