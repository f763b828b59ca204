package vision

import "math"

const (
	sharpGrid = 96  // places in a row and a column at which sharpness is measured, at most
	sharpHalf = 200 // the variance of the Laplacian at which the sharpness is a half
)

// Sharpness is how sharp a part of a picture is, xmin, ymin, xmax, ymax in pixels, from 0 to 1: v/(v+200), where v is
// the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000) of the
// green channel, in squared levels from 0 to 255. It compares pictures of the same thing; what has no edges is not sharp.
// The frame must have all of its picture (Reduction 1, not for a single use).
func Sharpness(f *Frame, box [4]float32) float64 {
	m := f.Mat()
	width, height := m.Cols(), m.Rows()
	clip := func(v float32, limit int) int {
		if !(v > 1) { // NaN too
			return 1
		}
		return min(int(v), limit-1)
	}
	x0, y0, x1, y1 := clip(box[0], width), clip(box[1], height), clip(box[2], width), clip(box[3], height)
	if x1 <= x0 || y1 <= y0 {
		return 0
	}
	pix, err := m.DataPtrUint8()
	if err != nil {
		return 0
	}
	row := 3 * width
	stepX, stepY := max(1, (x1-x0)/sharpGrid), max(1, (y1-y0)/sharpGrid)
	n, sum, squares := 0, 0, 0
	for y := y0; y < y1; y += stepY {
		for x := x0; x < x1; x += stepX {
			i := y*row + 3*x + 1
			v := int(pix[i-3]) + int(pix[i+3]) + int(pix[i-row]) + int(pix[i+row]) - 4*int(pix[i])
			n++
			sum += v
			squares += v * v
		}
	}
	mean := float64(sum) / float64(n)
	variance := math.Max(0, float64(squares)/float64(n)-float64(mean*mean))
	return variance / (variance + sharpHalf)
}
