package deepstack

import (
	"bytes"
	pictures "image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/pipeline"
)

// turned are the template's points in a picture: turned by an angle, scaled, and shifted.
func turned(angle, scale, x, y float64) (all []pipeline.Keypoint) {
	sin, cos := math.Sincos(angle)
	for label, t := range template {
		u, v := t[0]-56, t[1]-56
		all = append(all, pipeline.Keypoint{
			Label: label, X: float32(x + float64(scale*(float64(cos*u)-float64(sin*v)))), Y: float32(y + float64(scale*(float64(sin*u)+float64(cos*v)))),
		})
	}
	return append(all, pipeline.Keypoint{Label: "left_ear_tragion", X: 1000, Y: -1000}) // not in the template
}

func TestAlignment(t *testing.T) {
	for _, size := range []int{112, 224, 64} {
		points := turned(0.4, 2.5, 300, 200)
		m, ok := alignment(points, size)
		if !ok {
			t.Fatal("no alignment")
		}
		for _, p := range points[:len(points)-1] {
			at := template[p.Label]
			x, y := (at[0]+0.5)*float64(size)/112-0.5, (at[1]+0.5)*float64(size)/112-0.5
			for i, want := range []float64{float64(p.X), float64(p.Y)} {
				if got := m[i][0]*x + m[i][1]*y + m[i][2]; math.Abs(got-want) > 1e-3 {
					t.Errorf("size %d: %s is at %v in the picture, axis %d; want %v", size, p.Label, got, i, want)
				}
			}
		}
	}
	for name, points := range map[string][]pipeline.Keypoint{
		"none": nil, "two": {{Label: "left_eye", X: 1}, {Label: "right_eye", X: 2}}, "all in one": turned(0, 0, 5, 5),
		"far too large": turned(0, 1e6, 0, 0), "none that is a number": turned(0, math.NaN(), 5, 5), "infinite": turned(0, math.Inf(1), 5, 5),
	} {
		if _, ok := alignment(points, 112); ok {
			t.Errorf("%s: aligned", name)
		}
	}
}

// TestAligned finds spots at the key points of a turned face where the template has them in the picture that a model gets.
func TestAligned(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	points := turned(-0.6, 1.5, 220, 160)
	picture := pictures.NewRGBA(pictures.Rect(0, 0, 400, 320))
	for _, p := range points[:4] {
		for y := -7; y <= 7; y++ {
			for x := -7; x <= 7; x++ {
				picture.Set(int(p.X)+x, int(p.Y)+y, color.White)
			}
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	j, err := h.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer j.End()
	p, err := j.WholePicture(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	g := &Faces{aligned: 112}
	data, err := g.picture(j, p, pipeline.Detection{Box: [4]float32{100, 100, 300, 300}, Keypoints: points})
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil || got.Bounds().Dx() != 112 || got.Bounds().Dy() != 112 {
		t.Fatalf("%v, %v", got.Bounds(), err)
	}
	for label, at := range template {
		bright := func(x, y float64) uint32 {
			r, _, _, _ := got.At(int(math.Round(x)), int(math.Round(y))).RGBA()
			return r >> 8
		}
		if in, out := bright(at[0], at[1]), bright(at[0]+12, at[1]-11); in < 200 || out > 60 {
			t.Errorf("%s: brightness %d where it should be, %d beside it", label, in, out)
		}
	}
	// A detector without key points: the box with what is around it.
	if data, err = g.picture(j, p, pipeline.Detection{Box: [4]float32{100, 100, 300, 300}}); err != nil {
		t.Fatal(err)
	}
	if got, err := jpeg.Decode(bytes.NewReader(data)); err != nil || got.Bounds().Dx() <= 200 {
		t.Errorf("%v, %v", got.Bounds(), err)
	}
}
