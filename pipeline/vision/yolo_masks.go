package vision

import (
	"fmt"
	"math"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// maskForm is the output with the prototypes of masks: an object's mask is their sum, each times a factor of its own
// (D. Bolya et al., "YOLACT: Real-time Instance Segmentation", 2019).
type maskForm struct {
	output        int
	factors       int // prototypes; 0: there are none
	width, height int
	planar        bool // one prototype after the other, [1,factors,height,width]
}

// maskForm reads off an output what prototypes it has: [1,height,width,factors] or [1,factors,height,width] with the
// proportions of the input, and where both could be so, as the input has its channels.
func (y *YOLO) maskForm(at int, info tensor.Info) (maskForm, error) {
	s := info.Shape
	fits := func(h, w int) bool { return h > 0 && w > 0 && h*y.width == w*y.height && w <= y.width }
	last, first := fits(s[1], s[2]), fits(s[2], s[3])
	if s[0] != 1 || y.opts.Head != YOLOBoxes || !last && !first {
		return maskForm{}, fmt.Errorf("an output beside that with the boxes is not one of prototypes of masks, [1,height,width,factors] or [1,factors,height,width] in the proportions of the input: %s", info)
	}
	if first && (!last || y.planar) {
		return maskForm{at, s[1], s[3], s[2], true}, nil
	}
	return maskForm{at, s[3], s[2], s[1], false}, nil
}

// maskOf is which pixels of the input, in a candidate's box and in the picture, are the object's; nil: none. Prototypes are
// enlarged linearly to the input, as Ultralytics does.
func (y *YOLO) maskOf(v yoloValues, f candidate, p pipeline.Placement) *pipeline.Cutout {
	x0, x1 := maskSpan(f.box[0]*float32(y.width), f.box[2]*float32(y.width), p.OffsetX, p.ScaleX, p.Width, y.width)
	y0, y1 := maskSpan(f.box[1]*float32(y.height), f.box[3]*float32(y.height), p.OffsetY, p.ScaleY, p.Height, y.height)
	if x0 >= x1 || y0 >= y1 {
		return nil
	}
	columns, rows := linearTaps(x0, x1, y.masks.width, y.width), linearTaps(y0, y1, y.masks.height, y.height)
	left, top := columns[0].from, rows[0].from
	wide, high := columns[len(columns)-1].to-left+1, rows[len(rows)-1].to-top+1
	sums := y.maskSums(v, f.source, left, top, wide, high)
	counts, inside, length := []int(nil), false, 0
	for _, r := range rows {
		upper, lower := sums[(r.from-top)*wide:], sums[(r.to-top)*wide:]
		for _, c := range columns {
			i, k := c.from-left, c.to-left
			above := upper[i] + float32(c.part*(upper[k]-upper[i]))
			below := lower[i] + float32(c.part*(lower[k]-lower[i]))
			if on := above+float32(r.part*(below-above)) > 0; on != inside {
				counts, inside, length = append(counts, length), on, 0
			}
			length++
		}
	}
	if len(counts) == 0 {
		return nil
	}
	m := &pipeline.Cutout{Width: x1 - x0, Height: y1 - y0, Counts: append(counts, length)}
	left0, top0 := point(p, float64(x0), float64(y0))
	right1, bottom1 := point(p, float64(x1), float64(y1))
	m.Box = [4]float32{float32(left0), float32(top0), float32(right1), float32(bottom1)}
	return m
}

// maskSpan are the pixels of an input of that size, from the first up to before the second, that have their beginning in
// from … to and lie in the picture.
func maskSpan(from, to, offset, scale float32, picture, size int) (int, int) {
	first := math.Round(float64(-offset / scale))
	last := math.Round(float64((float32(picture) - offset) / scale))
	least, most := math.Max(0, first), math.Min(float64(size), last)
	a := math.Min(math.Max(math.Ceil(float64(from)), least), most)
	b := math.Min(math.Max(math.Ceil(float64(to)), a), most)
	return int(a), int(b)
}

// tap is where a pixel lies between two of a coarser grid: so far from the first to the second, 0 to 1.
type tap struct {
	from, to int
	part     float32
}

// linearTaps are those of the pixels a … b of size, on a grid of n; the middles of pixels lie on those of the grid.
func linearTaps(a, b, n, size int) []tap {
	taps := make([]tap, 0, b-a)
	for i := a; i < b; i++ {
		at := max((float32(i)+0.5)*float32(n)/float32(size)-0.5, 0)
		from := min(int(at), n-1)
		taps = append(taps, tap{from, min(from+1, n-1), at - float32(from)})
	}
	return taps
}

// maskSums are the sums of the prototypes, times the factors of a box, in a part of them, row by row.
func (y *YOLO) maskSums(v yoloValues, box, left, top, wide, high int) []float32 {
	m := &y.masks
	sums := make([]float32, wide*high)
	for k := range m.factors {
		factor := y.coords.at(v.coords, y.boxes, box, y.extra+k)
		for r := range high {
			to := sums[r*wide : (r+1)*wide]
			if m.planar {
				from := v.masks[(k*m.height+top+r)*m.width+left:]
				for c := range to {
					to[c] += float32(factor * from[c])
				}
				continue
			}
			from := v.masks[((top+r)*m.width+left)*m.factors+k:]
			for c := range to {
				to[c] += float32(factor * from[c*m.factors])
			}
		}
	}
	return sums
}
