package main

import (
	"fmt"
	"html/template"
	"image"
	"strings"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/internal/replay"
	"corallite/pipeline"
)

// changedFrames keeps the first frames in which something changed, with what was found before and after.
type changedFrames struct {
	most     int
	pictures []replay.Picture
	painter  *draw.Painter
	jpeg     draw.JPEG
}

func (c *changedFrames) close() { _ = c.jpeg.Close() } // nothing that it holds is lost

// add keeps a frame if there are changes, and room. Sound has no picture.
func (c *changedFrames) add(item pipeline.Item, was, is []pipeline.Event, changes []replay.Change) (err error) {
	f, ok := item.(draw.Frame)
	if !ok || len(changes) == 0 || len(c.pictures) >= c.most {
		return nil
	}
	if c.painter == nil {
		if c.painter, err = draw.New(draw.Options{}); err != nil {
			return err
		}
	}
	var p replay.Picture
	var what []string
	for i := range changes {
		what = append(what, fmt.Sprintf("%s: %s", changes[i].Model, changes[i].What()))
	}
	p.Caption = changes[0].Where() + "\n" + strings.Join(what, "\n")
	if p.Was, err = c.picture(f, was); err != nil {
		return err
	}
	if p.Is, err = c.picture(f, is); err != nil {
		return err
	}
	c.pictures = append(c.pictures, p)
	return nil
}

// pictureWidth is the width of a frame in the page, in pixels.
const pictureWidth = 560

// picture is a small copy of a frame with what was found in it.
func (c *changedFrames) picture(f draw.Frame, found []pipeline.Event) (template.URL, error) {
	whole := gocv.NewMat()
	defer whole.Close()
	draw.Copy(f, &whole)
	if err := c.painter.Draw(&whole, found); err != nil {
		return "", err
	}
	share := min(1, float64(pictureWidth)/float64(whole.Cols()))
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(whole, &small, image.Pt(max(1, int(float64(whole.Cols())*share)), max(1, int(float64(whole.Rows())*share))), 0, 0, gocv.InterpolationArea)
	jpeg, err := c.jpeg.Encode(small, 80)
	if err != nil {
		return "", err
	}
	return jpegURL(jpeg), nil
}
