package main

import (
	"encoding/base64"
	"html/template"
	"image"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/internal/eval"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// The size of a mistake's picture, in pixels, and of the file that it is made of, in bytes.
const (
	thumbWidth  = 320
	maxThumbSrc = 256 << 20
)

// showMistakes gives the worst mistakes of a report their pictures. One that cannot be shown has none: its name stands
// in the report anyway.
func showMistakes(r *eval.Report) {
	t := thumbnails{decoder: camera.NewDecoder()}
	defer t.close()
	painter, err := draw.New(draw.Options{})
	if err != nil {
		return
	}
	t.painter = painter
	for m := range r.Models {
		for i := range r.Models[m].Mistakes {
			wrong := &r.Models[m].Mistakes[i]
			if jpeg, err := t.of(wrong); err == nil {
				wrong.Shown = jpegURL(jpeg)
			}
		}
	}
}

// jpegURL is a picture as the address of itself, so that a page needs no other files.
func jpegURL(jpeg []byte) template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpeg))
}

// thumbnails makes small pictures.
type thumbnails struct {
	decoder *camera.Decoder
	painter *draw.Painter
	jpeg    draw.JPEG
}

func (t *thumbnails) close() {
	_ = t.decoder.Close() // nothing that it holds is lost
	_ = t.jpeg.Close()
}

// of is the JPEG of a mistake: what is wrong about it, and its box.
func (t *thumbnails) of(wrong *eval.Mistake) ([]byte, error) {
	data, err := regfile.Read(wrong.Path, maxThumbSrc)
	if err != nil {
		return nil, err
	}
	e, err := t.decoder.Read(data, 0, func(width, _ int) float64 { return float64(width) / thumbWidth })
	if err != nil {
		return nil, err
	}
	f, err := t.decoder.Decode(e)
	if err != nil {
		return nil, err
	}
	defer f.Release()
	share := float64(thumbWidth) / float64(e.Width)
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(f.Mat(), &small, image.Pt(thumbWidth, max(1, int(float64(e.Height)*share))), 0, 0, gocv.InterpolationArea)
	if b := wrong.Box; b != nil {
		label := wrong.Found
		if label == "" {
			label = wrong.Truth
		}
		d := pipeline.Detection{Label: label, Score: float32(wrong.Score)}
		for i, v := range b {
			d.Box[i] = float32(v * share)
		}
		if err := t.painter.Draw(&small, []pipeline.Event{{Result: pipeline.Result{Detections: pipeline.Detections{d}}}}); err != nil {
			return nil, err
		}
	}
	return t.jpeg.Encode(small, 80)
}
