package doods

import (
	"bytes"
	"image"
	"image/png"

	"corallite/internal/draw"
	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// quality is that of drawn JPEGs, of 100.
const quality = 90

// drawn is a copy of the picture with an event drawn on it, as jpeg or png.
func drawn(f *vision.Frame, e pipeline.Event, kind string) ([]byte, error) {
	painter, err := draw.New(draw.Options{})
	if err != nil {
		return nil, err
	}
	pool := vision.NewPool(0)
	defer pool.Close()
	sheet, err := pool.Get()
	if err != nil {
		return nil, err
	}
	defer sheet.Release()
	draw.Copy(f, sheet.Target())
	if err := painter.Draw(sheet.Target(), []pipeline.Event{e}); err != nil {
		return nil, err
	}
	if err := sheet.Seal(); err != nil {
		return nil, err
	}
	if kind == "jpeg" {
		return hub.JPEG(sheet, quality)
	}
	mat := sheet.Mat()
	bgr, err := mat.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	picture := image.NewNRGBA(image.Rect(0, 0, mat.Cols(), mat.Rows()))
	for i := 0; i < len(bgr); i += 3 {
		p := picture.Pix[i/3*4:]
		p[0], p[1], p[2], p[3] = bgr[i+2], bgr[i+1], bgr[i], 255
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	err = encoder.Encode(&out, picture)
	return out.Bytes(), err
}
