package zone

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Point is a place in a picture.
type Point struct{ X, Y float64 }

// Shape is a list of points as a configuration has them: shares of the picture's width and height, from 0 to 1, or
// pixels.
type Shape struct {
	Points []Point
	Pixels bool
}

// The limits of a Shape.
const (
	maxPoints = 1000
	maxPixel  = 1 << 20 // above the side of any picture
)

// ParseShape reads the points of a shape in the form of Frigate's configuration, x and y in turn with commas between
// them: "0.1,0.2,0.9,0.2,0.9,0.8". The numbers are shares of the picture when all are at most 1, otherwise pixels;
// pixels and fractions below 1 together are refused, because one of the two was not meant. At least least points are
// expected.
func ParseShape(text string, least int) (Shape, error) {
	words := strings.Split(text, ",")
	if strings.TrimSpace(text) == "" {
		words = nil
	}
	numbers := make([]float64, 0, len(words))
	for _, w := range words {
		f, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
		if err != nil {
			return Shape{}, fmt.Errorf("%q is no number: expected x1,y1,x2,y2 and so on", strings.TrimSpace(w))
		}
		numbers = append(numbers, f)
	}
	return newShape(numbers, least)
}

// newShape is ParseShape for numbers: x and y in turn.
func newShape(numbers []float64, least int) (Shape, error) {
	if len(numbers)%2 != 0 {
		return Shape{}, fmt.Errorf("%d numbers are no points: expected an x and a y for each", len(numbers))
	}
	if n := len(numbers) / 2; n < least || n > maxPoints {
		return Shape{}, fmt.Errorf("expected %d to %d points, not %d", least, maxPoints, n)
	}
	s := Shape{Points: make([]Point, 0, len(numbers)/2)}
	fraction, pixel := math.NaN(), math.NaN() // one of each
	for _, f := range numbers {
		switch {
		case !(f >= 0 && f <= maxPixel): // rejects NaN
			return Shape{}, fmt.Errorf("%v is outside any picture: expected shares of the picture from 0 to 1, or pixels", f)
		case f > 1:
			pixel = f
		case f > 0 && f < 1:
			fraction = f
		}
	}
	if pixel > 1 && fraction > 0 {
		return Shape{}, fmt.Errorf("%v is a share of the picture and %v a pixel: expected one of the two throughout", fraction, pixel)
	}
	s.Pixels = pixel > 1
	for i := 0; i < len(numbers); i += 2 {
		s.Points = append(s.Points, Point{numbers[i], numbers[i+1]})
	}
	return s, nil
}

// String is the form that ParseShape reads.
func (s Shape) String() string {
	words := make([]string, 0, 2*len(s.Points))
	for _, p := range s.Points {
		words = append(words, strconv.FormatFloat(p.X, 'g', -1, 64), strconv.FormatFloat(p.Y, 'g', -1, 64))
	}
	return strings.Join(words, ",")
}

// In are the points in pixels of a picture of that size.
func (s Shape) In(width, height int) []Point {
	points := make([]Point, len(s.Points))
	copy(points, s.Points)
	if !s.Pixels {
		for i := range points {
			points[i].X *= float64(width)
			points[i].Y *= float64(height)
		}
	}
	return points
}

// Outside reports whether all points of a shape in pixels are beyond the right or the lower edge of a picture: the
// numbers are then of another size of picture.
func (s Shape) Outside(width, height int) bool {
	for _, p := range s.Points {
		if !s.Pixels || p.X <= float64(width) && p.Y <= float64(height) {
			return false
		}
	}
	return true
}

// fitted is In. Warn is told of a shape that cannot be right for the picture; nil: nobody is.
func (s Shape) fitted(kind, name string, width, height int, warn func(message string)) []Point {
	if warn != nil && s.Outside(width, height) {
		warn(fmt.Sprintf("%s %s lies outside the picture of %dx%d pixels: its coordinates are pixels of a larger one; shares from 0 to 1 hold for any size", kind, name, width, height))
	}
	return s.In(width, height)
}

// Surrounds is an error when the points surround nothing.
func (s Shape) Surrounds() error {
	if s.Flat() {
		return errors.New("all points lie on one straight line and surround nothing")
	}
	return nil
}

// Flat reports whether all points lie on one straight line, so that they surround nothing.
func (s Shape) Flat() bool {
	if len(s.Points) < 3 {
		return true
	}
	a, b := s.Points[0], s.Points[0]
	for _, p := range s.Points {
		switch {
		case a == b:
			b = p
		case side(a, b, p) != 0:
			return false
		}
	}
	return true
}
