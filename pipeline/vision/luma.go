package vision

import (
	"gocv.io/x/gocv"

	"corallite/internal/flow"
)

// Luma is the brightness of the picture, without a conversion: the luma plane, or the green of a picture that came as BGR.
// It is valid until the caller's Release and only read. There is none of a picture that was decoded in a smaller size.
func (f *Frame) Luma() (flow.Picture, bool) {
	if p, part, ok := f.Planes(); ok {
		return flow.Picture{Pix: p.Data[0][part.Min.Y*p.Stride[0]+part.Min.X:], Stride: p.Stride[0], Step: 1,
			Width: part.Dx(), Height: part.Dy()}, true
	}
	if f.Reduction() != 1 || f.store == nil || f.store.planar.filled {
		return flow.Picture{}, false
	}
	m := f.Mat()
	if m.Empty() || m.Type() != gocv.MatTypeCV8UC3 {
		return flow.Picture{}, false
	}
	data, err := m.DataPtrUint8()
	if err != nil {
		return flow.Picture{}, false
	}
	return flow.Picture{Pix: data[1:], Stride: 3 * m.Cols(), Step: 3, Width: m.Cols(), Height: m.Rows()}, true
}
