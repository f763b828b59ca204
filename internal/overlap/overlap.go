// Package overlap says how much two boxes have in common. Boxes are xmin, ymin, xmax, ymax; one whose maximum is not above
// its minimum, or whose numbers are not numbers, has nothing in common with any.
package overlap

// Area is the area of a box; of one that is the wrong way round it means nothing.
func Area[T float32 | float64](b [4]T) T { return T((b[2] - b[0]) * (b[3] - b[1])) }

// Shared is the area that is in both boxes.
func Shared[T float32 | float64](a, b [4]T) T {
	w := min(a[2], b[2]) - max(a[0], b[0])
	h := min(a[3], b[3]) - max(a[1], b[1])
	if !(w > 0 && h > 0) {
		return 0
	}
	return T(w * h)
}

// IoU is the intersection over the union: the area in both boxes by the area in any, 0 to 1.
func IoU[T float32 | float64](a, b [4]T) T {
	both := Shared(a, b)
	if both == 0 {
		return 0
	}
	return both / (Area(a) + Area(b) - both)
}

// OfSmaller is the part of the smaller box that is in both, 0 to 1.
func OfSmaller[T float32 | float64](a, b [4]T) T {
	both := Shared(a, b)
	if both == 0 {
		return 0
	}
	return both / min(Area(a), Area(b))
}
