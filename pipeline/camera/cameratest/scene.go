// Package cameratest has network cameras for tests: a local HTTP and a local RTSP server that send vtest.avi and
// misbehave on request.
package cameratest

import (
	"bytes"
	"image"
	"sync"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/testdata"
	"corallite/pipeline/vision"
)

// SceneFrames is the number of frames of vtest.avi that the test servers send in a loop.
const SceneFrames = 24

// Scene returns frames of vtest.avi as JPEG of this size, each with its number drawn in it.
func Scene(tb testing.TB, width, height int) [][]byte {
	tb.Helper()
	key := image.Pt(width, height)
	if all, ok := scenes.Load(key); ok {
		return all.([][]byte)
	}
	if err := opencv.LoadVideoio(); err != nil {
		tb.Fatal(err)
	}
	video, err := gocv.VideoCaptureFile(testdata.Path(tb, "video/vtest.avi"))
	if err != nil {
		tb.Fatal(err)
	}
	defer video.Close()
	frame := gocv.NewMat()
	defer frame.Close()
	var all [][]byte
	for i := range SceneFrames {
		if !video.Read(&frame) {
			tb.Fatalf("vtest.avi has no %d frames", SceneFrames)
		}
		picture := gocv.NewMat()
		gocv.Resize(frame, &picture, key, 0, 0, gocv.InterpolationArea)
		mark(&picture, i)
		encoded, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, picture, []int{gocv.IMWriteJpegQuality, 80})
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, bytes.Clone(encoded.GetBytes()))
		encoded.Close()
		picture.Close()
	}
	scenes.Store(key, all)
	return all
}

var scenes sync.Map

// The number is drawn in the upper left corner of a frame, bit by bit, in squares that survive JPEG.
const (
	markBits = 5
	markSide = 16
)

func mark(picture *gocv.Mat, number int) {
	for bit := range markBits {
		grey := uint8(255 * (number >> bit & 1))
		square := picture.Region(image.Rect(bit*markSide, 0, (bit+1)*markSide, markSide))
		square.SetTo(gocv.NewScalar(float64(grey), float64(grey), float64(grey), 0))
		square.Close()
	}
}

// Marked reads the number in a frame.
func Marked(f *vision.Frame) int {
	m, number := f.Mat(), 0
	for bit := range markBits {
		if m.GetUCharAt(markSide/2, 3*(bit*markSide+markSide/2)) > 127 {
			number |= 1 << bit
		}
	}
	return number
}
