// Command panvideo makes a short video from a picture: it zooms in, pans across and zooms out. `make demo` uses it because
// no package contains a freely licensed video of faces.
//
//	go run ./scripts/panvideo PICTURE VIDEO.mp4
package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/sink/annotate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

const (
	width, height = 640, 480
	fps           = 25
	seconds       = 4
)

// view is a part of the picture in the video's aspect ratio: centre and width as fractions of the picture's sides.
type view struct{ x, y, width float64 }

// path has the views at equal steps of time.
var path = []view{{0.5, 0.38, 1}, {0.44, 0.28, 0.55}, {0.34, 0.25, 0.5}, {0.56, 0.25, 0.5}, {0.46, 0.27, 0.7}, {0.5, 0.6, 1}}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: panvideo PICTURE VIDEO.mp4")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "panvideo: %v\n", err)
		os.Exit(1)
	}
}

func run(from, to string) (err error) {
	picture := gocv.IMRead(from, gocv.IMReadColor)
	defer picture.Close()
	if picture.Empty() {
		return fmt.Errorf("%s: not a picture that can be read", from)
	}
	out, err := annotate.NewVideo(annotate.VideoOptions{Path: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for i := range fps * seconds {
		if err := add(out, picture, from, i); err != nil {
			return err
		}
	}
	return nil
}

func add(out *annotate.Video, picture gocv.Mat, source string, i int) error {
	mat := gocv.NewMat()
	show(picture, &mat, at(float64(i)/(fps*seconds-1)))
	frame, err := vision.NewFrame(mat)
	if err != nil {
		return err
	}
	defer frame.Release()
	frame.SetFPS(fps)
	*frame.Meta() = pipeline.Meta{Source: source, Seq: uint64(i), Position: time.Duration(i) * time.Second / fps}
	return out.Consume(context.Background(), pipeline.Report{Item: frame})
}

// at is the view at time t from 0 to 1, slowing down at each point of the path.
func at(t float64) view {
	step := t * float64(len(path)-1)
	i := min(int(step), len(path)-2)
	a, b := path[i], path[i+1]
	f := (1 - math.Cos(math.Pi*(step-float64(i)))) / 2
	return view{a.x + f*(b.x-a.x), a.y + f*(b.y-a.y), a.width + f*(b.width-a.width)}
}

// show draws a view of the picture, moved into the picture where it reaches over an edge. An affine transform and not a
// crop, because whole pixels would make the view tremble.
func show(picture gocv.Mat, dst *gocv.Mat, v view) {
	cols, rows := float64(picture.Cols()), float64(picture.Rows())
	w := v.width * math.Min(cols, rows*width/height)
	h := w * height / width
	x := math.Min(math.Max(v.x*cols, w/2), cols-w/2)
	y := math.Min(math.Max(v.y*rows, h/2), rows-h/2)
	scale := width / w
	m := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
	defer m.Close()
	m.SetDoubleAt(0, 0, scale)
	m.SetDoubleAt(1, 1, scale)
	m.SetDoubleAt(0, 1, 0)
	m.SetDoubleAt(1, 0, 0)
	m.SetDoubleAt(0, 2, width/2-scale*x)
	m.SetDoubleAt(1, 2, height/2-scale*y)
	gocv.WarpAffine(picture, dst, m, image.Pt(width, height))
}
