package vision

import (
	"fmt"
	"image"
	"math"
	"slices"

	"corallite/internal/key"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// TileOptions say how a picture is cut into tiles, on each of which a detector runs, so that things are found that are too
// small in the whole picture once that has the size of the model's input. Start from DefaultTiles.
//
// Tiles lie, and boxes are merged, as in SAHI (Akyon and others, "Slicing Aided Hyper Inference and Fine-tuning for Small
// Object Detection", ICIP 2022; github.com/obss/sahi, version 0.12).
type TileOptions struct {
	// Size is the longer side of a tile in pixels of the picture; the other one follows from the model's input, so that tiles
	// keep their proportions. 0: the input's, so that nothing is scaled.
	Size int
	// Overlap is the part of a tile that the next one has too, 0 to 0.9.
	Overlap float64
	// Whole is whether the model also runs on the whole picture, for what is larger than a tile.
	Whole bool
	// Motion runs tiles only where something moves or has just moved, as the frame says (Frame.Moved), beside the whole
	// picture; and all of them on each Full'th frame. It needs Whole.
	Motion bool
	Full   int
	// BestView counts a box only from where its object is seen best, if Whole: of a tile not if it ends at an edge of the tile
	// inside the picture, because it shows a part of something that is whole in another tile or, if it is larger than the
	// overlap, in the whole picture, and parts are often taken for something else; and of the whole picture not if it lies in
	// a tile and is smaller than the overlap, because tiles show it larger. Those of the whole picture are not merged with each other. SAHI counts all, and merges any.
	BestView bool

	Merge     string  // what becomes of boxes of one class that match: MergeNMM or MergeNMS
	Metric    string  // what is compared with Threshold: MetricIoS or MetricIoU
	Threshold float64 // from which two boxes match, above 0 and at most 1

	// GrowScore is the score below which a box makes no other grow: where a tracker gets boxes that are too unsure to be shown,
	// those that are shown stay as they are without it. 0: all do.
	GrowScore float64
}

// The ways to merge boxes, and the measures of how much two of them overlap.
const (
	MergeNMM = "nmm" // greedy non-maximum merging: the best box becomes the smallest that holds all those that match it
	MergeNMS = "nms" // non-maximum suppression: the best box stays, those that match it go

	MetricIoS = "ios" // intersection over the smaller of both
	MetricIoU = "iou" // intersection over union
)

// DefaultTiles are SAHI's defaults but for BestView, with tiles of the size of the model's input.
func DefaultTiles() TileOptions {
	return TileOptions{Overlap: 0.2, Whole: true, Full: 10, BestView: true, Merge: MergeNMM, Metric: MetricIoS, Threshold: 0.5}
}

// Keys describes the keys of the options.
func (o *TileOptions) Keys() key.Table {
	usual := DefaultTiles()
	return key.Table{
		key.Int(&o.Size, "size").Flag("longer side of a tile in pixels of the picture (default: the model's input size)").Min(0).Max(16384).Default(usual.Size).ShowZero().Example("400").
			Doc("The longer side of a tile in pixels of the picture; the other side follows from the model's input. 0: the input's size, so that nothing is scaled. Larger tiles are fewer and find less that is small."),
		key.Number(&o.Overlap, "overlap").Flag("share of its width and height that a tile has in common with the next one (default 0.2)").Min(0).Max(maxTileOverlap).Default(usual.Overlap).Example("0.3").
			Doc("How much of a tile the next one has too, of its width and height. What is smaller than that is whole in one of them."),
		key.Bool(&o.Whole, "whole").Flag("run the model on the whole picture too (default true)").Default(usual.Whole).Example("false").
			Doc("Whether the model also runs on the whole picture, for what is larger than a tile."),
		key.Bool(&o.Motion, "motion").Flag("video: run the model only on tiles in which something moves, and on the whole picture").Default(usual.Motion).Example("true").
			Doc("Whether the model runs only on tiles in which something moves or moved within the last seconds (`hold` of the pipeline's `motion`, 2), beside the whole picture. Single pictures always get all tiles."),
		key.Int(&o.Full, "full").Flag("with --tiles-motion: run all tiles on every Nth frame (default 10)").Min(1).Max(100000).Default(usual.Full).Example("30").
			Doc("With `motion`: on each so many-th frame the model runs on all tiles, for what stands still."),
		key.Bool(&o.BestView, "best_view").Flag("ignore boxes that a tile's edge cuts, and small boxes of the whole picture; false: as in SAHI (default true)").Default(usual.BestView).Example("false").
			Doc("With `whole`: boxes count only from where their object is seen best. Those of a tile that end at an edge of it inside the picture do not: they show a part of something, and parts are often taken for something else. Those of the whole picture that are smaller than the overlap do not, because tiles show the same larger. And boxes of the whole picture are not merged with each other, because the model has told their objects apart. `false`: all count, and any are merged, as in SAHI."),
		key.String(&o.Merge, "merge").Flag("how boxes of one object are merged: nmm surrounds them all, nms keeps the best (default nmm)").Choices(MergeNMM, MergeNMS).Default(usual.Merge).Example(MergeNMS).
			Doc("What becomes of boxes of one label that show the same object: `nmm` (greedy non-maximum merging) makes of the best box the one that surrounds all that match it, so that an object that tiles cut becomes whole; `nms` keeps the best box alone."),
		key.String(&o.Metric, "metric").Flag("how overlap is measured: ios (intersection over the smaller box) or iou (default ios)").Choices(MetricIoS, MetricIoU).Default(usual.Metric).Example(MetricIoU).
			Doc("How much two boxes overlap: `ios`, intersection over the smaller one, or `iou`, intersection over union."),
		key.Number(&o.Threshold, "threshold").Flag("overlap from which two boxes show the same object (default 0.5)").Above(0).Max(1).Default(usual.Threshold).Example("0.6").
			Doc("From how much overlap on two boxes show the same object."),
	}
}

const (
	maxTileOverlap = 0.9 // beyond it thousands of tiles show the same
	maxTiles       = 1024
)

// Validate checks the options.
func (o TileOptions) Validate() error {
	if err := o.Keys().Check(); err != nil {
		return err
	}
	switch {
	case o.Merge == "" || o.Metric == "" || o.Threshold == 0 || o.Full == 0:
		return fmt.Errorf("merge, metric, threshold and full must be given: start from DefaultTiles")
	case o.Motion && !o.Whole:
		return fmt.Errorf("motion needs whole: where nothing moves, nothing else is looked at")
	}
	return nil
}

// tileBoxes are where the tiles of width × height pixels lie in a picture of imageW × imageH, row by row. Those of the last
// column and row are shifted into the picture and overlap more. It is SAHI's get_slice_bboxes.
func tileBoxes(imageW, imageH, width, height int, overlap float64) []image.Rectangle {
	stepX, stepY := max(1, width-int(overlap*float64(width))), max(1, height-int(overlap*float64(height)))
	var all []image.Rectangle
	for y := 0; ; y += stepY {
		for x := 0; ; x += stepX {
			right, bottom := min(imageW, x+width), min(imageH, y+height)
			all = append(all, image.Rect(max(0, right-width), max(0, bottom-height), right, bottom))
			if x+width >= imageW {
				break
			}
		}
		if y+height >= imageH {
			return all
		}
	}
}

// tileCount is how many tiles tileBoxes gives.
func tileCount(imageW, imageH, width, height int, overlap float64) int {
	along := func(length, tile int) int {
		step := max(1, tile-int(overlap*float64(tile)))
		return 1 + max(0, (length-tile+step-1)/step)
	}
	return along(imageW, width) * along(imageH, height)
}

// Tiled is a detector that runs on the tiles of a picture. It is a pipeline.MultiRunTask of frames.
type Tiled struct {
	task  Task
	sized interface {
		Width() int
		Height() int
	}
	opts  TileOptions
	max   int
	parts *Pool
}

var _ pipeline.MultiRunTask[*Frame] = (*Tiled)(nil)

// NewTiled makes the task of a detector, which must have no limit of results: maxResults holds for the merged ones; 0: all.
// The detector belongs to the Tiled, which is to be closed, also after an error.
func NewTiled(detector Task, o TileOptions, maxResults int) (*Tiled, error) {
	sized, ok := detector.(interface {
		Width() int
		Height() int
	})
	t := &Tiled{task: detector, sized: sized, opts: o, max: maxResults, parts: NewPool(2)}
	switch err := o.Validate(); {
	case detector.Name() != taskDetect || !ok:
		return t, fmt.Errorf("tiles are for detectors, not for %s", detector.Name())
	case err != nil:
		return t, fmt.Errorf("tiles: %w", err)
	}
	return t, nil
}

// Name is "detect".
func (t *Tiled) Name() string { return t.task.Name() }

// Prepare is that of the detector, for the whole picture: whoever calls it does without tiles.
func (t *Tiled) Prepare(dst tensor.Tensor, f *Frame) (pipeline.Placement, error) {
	return t.task.Prepare(dst, f)
}

// Decode is that of the detector, as Prepare.
func (t *Tiled) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	return t.task.Decode(out, p)
}

// Reduction is how many times smaller, in both directions, a picture of width × height pixels may be decoded: as the detector
// has it for a tile.
func (t *Tiled) Reduction(width, height int) float64 {
	task, ok := t.task.(interface {
		Reduction(width, height int) float64
	})
	if !ok {
		return 1
	}
	w, h := t.tile()
	return min(task.Reduction(min(w, width), min(h, height)), task.Reduction(width, height))
}

// tile is the size of a tile in pixels of the picture.
func (t *Tiled) tile() (width, height int) {
	w, h := t.sized.Width(), t.sized.Height()
	switch size := t.opts.Size; {
	case size == 0:
		return w, h
	case w >= h:
		return size, max(1, (size*h+w/2)/w)
	default:
		return max(1, (size*w+h/2)/h), size
	}
}

// Plan chooses the tiles of a frame.
func (t *Tiled) Plan(f *Frame, n uint64) (pipeline.Runs, error) {
	w, h := t.tile()
	imageW, imageH := f.Width(), f.Height()
	if imageW == 0 || imageH == 0 {
		return nil, fmt.Errorf("the frame was released before it was prepared")
	}
	if count := tileCount(imageW, imageH, w, h, t.opts.Overlap); count > maxTiles {
		return nil, &pipeline.ItemError{Source: f.Meta().Source, Err: fmt.Errorf(
			"a picture of %dx%d pixels has %d tiles of %dx%d (want at most %d): make tiles larger (size) or let them overlap less",
			imageW, imageH, count, w, h, maxTiles)}
	}
	r := &tiledRuns{t: t, f: f, whole: image.Rect(0, 0, imageW, imageH)}
	r.tiles = tileBoxes(imageW, imageH, w, h, t.opts.Overlap)
	if areas, known := f.Moved(); t.opts.Motion && known && f.FPS() > 0 && n%uint64(t.opts.Full) != 0 {
		r.tiles = slices.DeleteFunc(r.tiles, func(tile image.Rectangle) bool {
			return !slices.ContainsFunc(areas, tile.Overlaps)
		})
	}
	if t.opts.Whole && !slices.Contains(r.tiles, r.whole) {
		r.tiles = append(r.tiles, r.whole)
	}
	return r, nil
}

// Close closes the detector. Twice is safe.
func (t *Tiled) Close() error {
	err := t.parts.Close()
	if e := t.task.Close(); e != nil {
		return e
	}
	return err
}

// tiledRuns are the runs for one frame.
type tiledRuns struct {
	t     *Tiled
	f     *Frame
	whole image.Rectangle
	tiles []image.Rectangle // the whole picture last, if it is one of them
	found []seen
}

func (r *tiledRuns) Len() int { return len(r.tiles) }

// Prepare cuts the tile out; a frame in planes is not copied for it.
func (r *tiledRuns) Prepare(i int, dst tensor.Tensor) (pipeline.Placement, error) {
	if r.tiles[i] == r.whole {
		return r.t.task.Prepare(dst, r.f)
	}
	part, err := r.t.parts.Get()
	if err != nil {
		return pipeline.Placement{}, err
	}
	defer part.Release()
	if err := part.Cut(r.f, r.tiles[i]); err != nil {
		return pipeline.Placement{}, err
	}
	if err := part.Seal(); err != nil {
		return pipeline.Placement{}, err
	}
	return r.t.task.Prepare(dst, part)
}

// Decode moves what the tile shows to where it is in the picture.
func (r *tiledRuns) Decode(i int, out pipeline.Outputs, p pipeline.Placement) error {
	result, err := r.t.task.Decode(out, p)
	if err != nil {
		return err
	}
	x, y := float32(r.tiles[i].Min.X), float32(r.tiles[i].Min.Y)
	for _, d := range result.Detections {
		if r.t.opts.Whole && r.t.opts.BestView && (r.cut(r.tiles[i], d.Box) || r.tiles[i] == r.whole && r.larger(d.Box)) {
			continue
		}
		move(&d, x, y)
		r.found = append(r.found, seen{d, r.tiles[i] == r.whole})
	}
	return nil
}

// cut reports whether a box, in pixels of its tile, ends at an edge of the tile inside the picture.
func (r *tiledRuns) cut(tile image.Rectangle, box [4]float32) bool {
	w, h := float32(tile.Dx()), float32(tile.Dy())
	nearX, nearY := max(1, cutEdge*w), max(1, cutEdge*h)
	return tile.Min.X > 0 && box[0] < nearX || tile.Min.Y > 0 && box[1] < nearY ||
		tile.Max.X < r.whole.Max.X && box[2] > w-nearX || tile.Max.Y < r.whole.Max.Y && box[3] > h-nearY
}

// cutEdge is how near to an edge of its tile, as a part of the tile's side, a box ends there.
const cutEdge = 0.02

// larger reports whether tiles show what is in a box of the whole picture larger, and one of them whole.
func (r *tiledRuns) larger(box [4]float32) bool {
	w, h := r.t.tile()
	if float64(box[2]-box[0]) > r.t.opts.Overlap*float64(w) || float64(box[3]-box[1]) > r.t.opts.Overlap*float64(h) {
		return false
	}
	area := image.Rect(int(box[0]), int(box[1]), int(math.Ceil(float64(box[2]))), int(math.Ceil(float64(box[3]))))
	return slices.ContainsFunc(r.tiles, func(tile image.Rectangle) bool { return tile != r.whole && area.In(tile) })
}

// move adds to all places of a detection, whose points and masks nobody else has.
func move(d *pipeline.Detection, x, y float32) {
	moved := func(b [4]float32) [4]float32 { return [4]float32{b[0] + x, b[1] + y, b[2] + x, b[3] + y} }
	d.Box = moved(d.Box)
	for k := range d.Keypoints {
		d.Keypoints[k].X += x
		d.Keypoints[k].Y += y
	}
	if d.Rotated != nil {
		d.Rotated.X += x
		d.Rotated.Y += y
	}
	if d.Mask != nil {
		d.Mask.Box = moved(d.Mask.Box)
	}
}

func (r *tiledRuns) Result() (pipeline.Result, error) {
	found := mergeDetections(r.found, r.t.opts)
	if r.t.max > 0 && len(found) > r.t.max {
		found = found[:r.t.max]
	}
	return pipeline.Result{Detections: found}, nil
}
