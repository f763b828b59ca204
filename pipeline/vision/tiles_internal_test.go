package vision

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"slices"
	"testing"

	"corallite/pipeline"
)

// asSAHI is what SAHI answers, as scripts/tiles asked it.
type asSAHI struct {
	Tiles []struct {
		Picture, Tile [2]int
		Overlap       float64
		Boxes         [][4]int
	}
	Merges []struct {
		Boxes   [][6]float64 // xmin, ymin, xmax, ymax, score, class
		Answers []struct {
			Merge, Metric string
			Threshold     float64
			Found         [][6]float64 // sorted
		}
	}
}

func readSAHI(t *testing.T) (s asSAHI) {
	t.Helper()
	text, err := os.ReadFile("testdata/sahi.json")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil || len(s.Tiles) < 10 || len(s.Merges) < 10 {
		t.Fatalf("%v, %d cases of tiles, %d of merging", err, len(s.Tiles), len(s.Merges))
	}
	return s
}

// TestTilesAsSAHI compares where tiles lie with SAHI.
func TestTilesAsSAHI(t *testing.T) {
	for _, c := range readSAHI(t).Tiles {
		var want []image.Rectangle
		for _, b := range c.Boxes {
			want = append(want, image.Rect(b[0], b[1], b[2], b[3]))
		}
		got := tileBoxes(c.Picture[0], c.Picture[1], c.Tile[0], c.Tile[1], c.Overlap)
		if !slices.Equal(got, want) {
			t.Errorf("%v in tiles of %v, overlap %v:\n%v\nwant\n%v", c.Picture, c.Tile, c.Overlap, got, want)
		}
		if n := tileCount(c.Picture[0], c.Picture[1], c.Tile[0], c.Tile[1], c.Overlap); n != len(want) {
			t.Errorf("%v in tiles of %v, overlap %v: counted %d, want %d", c.Picture, c.Tile, c.Overlap, n, len(want))
		}
	}
}

// TestMergesAsSAHI compares what becomes of boxes with SAHI.
func TestMergesAsSAHI(t *testing.T) {
	merged := 0
	for i, c := range readSAHI(t).Merges {
		for _, a := range c.Answers {
			var found []seen
			for _, b := range c.Boxes {
				found = append(found, seen{Detection: pipeline.Detection{
					Box: [4]float32{float32(b[0]), float32(b[1]), float32(b[2]), float32(b[3])}, Score: float32(b[4]), Index: int(b[5]),
				}})
			}
			var got [][6]float64
			for _, d := range mergeDetections(found, TileOptions{Merge: a.Merge, Metric: a.Metric, Threshold: a.Threshold}) {
				got = append(got, [6]float64{
					float64(d.Box[0]), float64(d.Box[1]), float64(d.Box[2]), float64(d.Box[3]), float64(d.Score), float64(d.Index),
				})
			}
			slices.SortFunc(got, func(a, b [6]float64) int { return slices.Compare(a[:], b[:]) })
			if !slices.Equal(got, a.Found) {
				t.Errorf("scene %d, %s by %s from %v on:\n%v\nwant\n%v", i, a.Merge, a.Metric, a.Threshold, got, a.Found)
			}
			merged += len(c.Boxes) - len(got)
		}
	}
	if merged < 100 {
		t.Errorf("only %d boxes were merged", merged)
	}
}

// TestTileCounts counts tiles as they are laid, of many sizes.
func TestTileCounts(t *testing.T) {
	for _, overlap := range []float64{0, 0.2, 0.33, 0.9} {
		for width := 1; width < 60; width += 3 {
			for tile := 1; tile < 40; tile += 2 {
				boxes := tileBoxes(width, 25, tile, 10, overlap)
				if n := tileCount(width, 25, tile, 10, overlap); n != len(boxes) {
					t.Fatalf("%d pixels in tiles of %d, overlap %v: counted %d, laid %d", width, tile, overlap, n, len(boxes))
				}
				if err := covers(boxes, width, 25); err != nil {
					t.Fatalf("%d pixels in tiles of %d, overlap %v: %v", width, tile, overlap, err)
				}
			}
		}
	}
}

// covers checks that tiles lie in a picture and leave nothing out.
func covers(tiles []image.Rectangle, width, height int) error {
	seen := make([]bool, width*height)
	for _, b := range tiles {
		if b.Empty() || !b.In(image.Rect(0, 0, width, height)) {
			return fmt.Errorf("the tile %v is not in the picture", b)
		}
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				seen[y*width+x] = true
			}
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		return fmt.Errorf("the pixel %d,%d is in no tile", i%width, i/width)
	}
	return nil
}

// TestMoveMovesAll moves each place of a detection.
func TestMoveMovesAll(t *testing.T) {
	d := pipeline.Detection{
		Box: [4]float32{1, 2, 3, 4}, Keypoints: []pipeline.Keypoint{{X: 1, Y: 2}}, Rotated: &pipeline.Rotated{X: 2, Y: 3},
		Mask: &pipeline.Cutout{Box: [4]float32{1, 2, 3, 4}},
	}
	move(&d, 10, 20)
	want := [4]float32{11, 22, 13, 24}
	if d.Box != want || d.Mask.Box != want || d.Keypoints[0].X != 11 || d.Keypoints[0].Y != 22 || d.Rotated.X != 12 || d.Rotated.Y != 23 {
		t.Errorf("%+v, %+v, %+v", d, *d.Rotated, *d.Mask)
	}
}

// TestUnsureBoxesMakeNoneGrow merges a box that is too unsure to be shown, as a tracker gets it, into one that is shown, which
// stays as it is.
func TestUnsureBoxesMakeNoneGrow(t *testing.T) {
	o := DefaultTiles()
	found := func() []seen {
		return []seen{
			{Detection: pipeline.Detection{Box: [4]float32{10, 10, 30, 50}, Score: 0.7}},
			{Detection: pipeline.Detection{Box: [4]float32{5, 10, 25, 60}, Score: 0.2}},
		}
	}
	if d := mergeDetections(found(), o); len(d) != 1 || d[0].Box != [4]float32{5, 10, 30, 60} {
		t.Errorf("%+v", d)
	}
	o.GrowScore = 0.5
	if d := mergeDetections(found(), o); len(d) != 1 || d[0].Box != [4]float32{10, 10, 30, 50} {
		t.Errorf("with a score of 0.5 for growing: %+v", d)
	}
}
