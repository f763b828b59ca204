package vision

import (
	"fmt"
	"image"
	"math"

	"corallite/pipeline"
)

// Resize is how a picture is fitted into a model's input of another shape.
type Resize int

// The ways to resize. All interpolate linearly, as OpenCV's INTER_LINEAR does.
const (
	Stretch    Resize = iota // the whole picture, its proportions changed
	Letterbox                // the whole picture in its proportions, in the middle, with bars on two sides
	CenterCrop               // the largest middle part that has the input's proportions
)

var resizeNames = [...]string{"stretch", "letterbox", "crop"}

// String is "stretch", "letterbox" or "crop".
func (r Resize) String() string {
	if r < 0 || int(r) >= len(resizeNames) {
		return fmt.Sprintf("resize(%d)", int(r))
	}
	return resizeNames[r]
}

// ParseResize reads what String writes; "" is Stretch.
func ParseResize(s string) (Resize, error) {
	if s == "" {
		return Stretch, nil
	}
	for i, name := range resizeNames {
		if s == name {
			return Resize(i), nil
		}
	}
	return 0, fmt.Errorf("unknown resize mode %q (want stretch, letterbox or crop)", s)
}

// fit is where a picture goes: the part of it that is used (from) and where that lies in the input (to).
type fit struct {
	from, to image.Rectangle
}

// fitInto computes where a picture of width × height pixels goes in an input of w × h. All are at least 1.
func fitInto(r Resize, width, height, w, h int) fit {
	f := fit{from: image.Rect(0, 0, width, height), to: image.Rect(0, 0, w, h)}
	switch r {
	case Letterbox:
		scale := math.Min(float64(w)/float64(width), float64(h)/float64(height))
		inW := min(max(int(math.Round(float64(width)*scale)), 1), w)
		inH := min(max(int(math.Round(float64(height)*scale)), 1), h)
		left, top := (w-inW)/2, (h-inH)/2
		f.to = image.Rect(left, top, left+inW, top+inH)
	case CenterCrop:
		scale := math.Min(float64(width)/float64(w), float64(height)/float64(h))
		ofW := min(max(int(math.Round(float64(w)*scale)), 1), width)
		ofH := min(max(int(math.Round(float64(h)*scale)), 1), height)
		left, top := (width-ofW)/2, (height-ofH)/2
		f.from = image.Rect(left, top, left+ofW, top+ofH)
	}
	return f
}

// placement is the way back from the input to a picture of width × height pixels.
func (f fit) placement(width, height int) pipeline.Placement {
	scaleX := float64(f.from.Dx()) / float64(f.to.Dx())
	scaleY := float64(f.from.Dy()) / float64(f.to.Dy())
	return pipeline.Placement{
		OffsetX: float32(float64(f.from.Min.X) - float64(float64(f.to.Min.X)*scaleX)),
		OffsetY: float32(float64(f.from.Min.Y) - float64(float64(f.to.Min.Y)*scaleY)),
		ScaleX:  float32(scaleX), ScaleY: float32(scaleY),
		Width: width, Height: height,
	}
}
