package vision

import (
	"fmt"
	"math"
	"slices"

	"corallite/internal/score"
)

// scanRows collects the boxes whose scores reach the threshold, where the values of a box are beside each other.
func (y *YOLO) scanRows(v yoloValues, b *buffers) error {
	size, first := y.scores.size, y.scores.first
	for i := range y.boxes {
		row := v.scores[i*size : (i+1)*size]
		object := float32(1)
		if y.opts.Layout == YOLOv5 {
			if object = y.score(row[4]); isNaN(object) {
				return errNoScore
			}
			if object < y.classes.threshold { // the product with a probability is no larger
				continue
			}
		}
		class, best := -1, float32(0)
		for c, raw := range row[first : first+y.count] {
			score := y.score(raw)
			switch {
			case isNaN(score):
				return errNoScore
			case (class < 0 || score > best) && y.classes.wants(c):
				class, best = c, score
			}
		}
		if score := object * best; class >= 0 && score >= y.classes.threshold {
			if err := y.add(v, b, i, class, score); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanColumns is scanRows where a value of all boxes comes after the other. It goes through the values as they lie in memory,
// class by class.
func (y *YOLO) scanColumns(v yoloValues, b *buffers) error {
	n := y.boxes
	best := sized(&b.d, n)
	b.order = slices.Grow(b.order[:0], n)[:n]
	// Values are compared as the model gives them, which rank as the scores do.
	below := math.Nextafter32(y.rawOf(y.classes.threshold), float32(math.Inf(-1)))
	for i := range best {
		best[i] = below
	}
	for c := range y.count {
		if !y.classes.wants(c) {
			continue
		}
		for i, score := range v.scores[(y.scores.first+c)*n : (y.scores.first+c+1)*n] {
			if score <= best[i] {
				continue
			}
			if isNaN(score) {
				return errNoScore
			}
			best[i], b.order[i] = score, c
		}
	}
	for i, score := range best {
		if score > below {
			if err := y.add(v, b, i, b.order[i], y.score(score)); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanEnd2End collects the boxes whose scores reach the threshold, of rows that name a class each.
func (y *YOLO) scanEnd2End(v yoloValues, b *buffers) error {
	size := y.coords.size
	for i := range y.boxes {
		row := v.coords[i*size : (i+1)*size]
		score := y.score(row[4])
		if !finite(score) {
			return errNoScore
		}
		if score < y.classes.threshold {
			continue
		}
		class := row[5]
		if !(class >= 0 && class < maxSegmentClasses) || math.Abs(float64(class)-math.Round(float64(class))) > 0.01 {
			return fmt.Errorf("the sixth number of a box, %.3g, is not that of a class: the model does not give its boxes as the decoder %s reads them", class, y.decoderName(y.opts.Pixels))
		}
		if c := int(math.Round(float64(class))); y.classes.wants(c) {
			if err := y.add(v, b, i, c, score); err != nil {
				return err
			}
		}
	}
	return nil
}

// score is the score of a value.
func (y *YOLO) score(v float32) float32 {
	if y.opts.Activation == score.Sigmoid {
		return sigmoid(v)
	}
	return v
}

// rawOf is the value of a score.
func (y *YOLO) rawOf(s float32) float32 {
	if y.opts.Activation == score.Sigmoid {
		return float32(math.Log(float64(s) / (1 - float64(s)))) // ±infinity at 0 and 1
	}
	return s
}

// mostUnit is more than any coordinate from 0 to 1 of the input of a box that reaches out of it, and leastPixels less than all
// coordinates of any box in pixels.
const mostUnit, leastPixels = 4, 1

// add is a box, in 0 to 1 of the input, unless it has no area. What is in the other unit than it should be is an error: its
// place would be wrong, or nothing would be found at all.
func (y *YOLO) add(v yoloValues, b *buffers, i, class int, score float32) error {
	var c [4]float32
	for k := range c {
		c[k] = y.coords.at(v.coords, y.boxes, i, y.coords.first+k)
	}
	most := max(c[0], c[1], c[2], c[3])
	switch {
	case !y.opts.Pixels && most > mostUnit && finite(most):
		return fmt.Errorf("the model returned boxes in pixels, not from 0 to 1: use the decoder %s", y.decoderName(true))
	case y.opts.Pixels && most > 0 && most <= leastPixels:
		return fmt.Errorf("the model returned boxes from 0 to 1, not in pixels: use the decoder %s", y.decoderName(false))
	case y.opts.Pixels:
		width, height := float32(y.width), float32(y.height)
		c = [4]float32{c[0] / width, c[1] / height, c[2] / width, c[3] / height}
	}
	if y.middles() {
		halfW, halfH := float32(c[2]/2), float32(c[3]/2)
		c = [4]float32{c[0] - halfW, c[1] - halfH, c[0] + halfW, c[1] + halfH}
	}
	if c[0] < c[2] && c[1] < c[3] {
		b.found = append(b.found, candidate{box: c, score: score, class: class, source: i})
	}
	return nil
}

// middles says whether a box is given as its middle and its size.
func (y *YOLO) middles() bool { return y.opts.Layout != YOLOEnd2End || y.opts.Head == YOLORotated }
