package eval

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"

	"corallite/internal/eval/dataset"
	"corallite/internal/eval/masks"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// segmenter measures models for segmentation. The values of the true masks are the model's class numbers.
type segmenter struct {
	o      Options
	counts []*masks.Counter
	names  map[int]string // of classes that were found
	done   []map[*dataset.Sample]bool
}

func newSegmenter(o Options) (*segmenter, error) {
	s := &segmenter{o: o, names: map[int]string{}}
	for _, sample := range o.Set.Samples {
		if sample.Mask == "" {
			return nil, fmt.Errorf("%s has no masks, which a model for segmentation is measured by: give a folder with images and masks, PNG files of the same names whose values are the model's classes", o.Data)
		}
	}
	for range o.Models {
		s.counts, s.done = append(s.counts, masks.NewCounter(mostClasses)), append(s.done, map[*dataset.Sample]bool{})
	}
	return s, nil
}

// mostClasses is how many classes masks can tell apart beside masks.Ignored.
const mostClasses = masks.Ignored

// maxMask is the most bytes of a mask's file.
const maxMask = 64 << 20

func (s *segmenter) add(model int, sample *dataset.Sample, e *pipeline.Event, item pipeline.Item) error {
	truth, err := readMask(sample.Mask)
	if err != nil {
		return err
	}
	f, ok := item.(*vision.Frame)
	if !ok || f.Width() != truth.Width || f.Height() != truth.Height {
		return fmt.Errorf("the mask %s is %d x %d, its picture is not", sample.Mask, truth.Width, truth.Height)
	}
	if e.Mask == nil {
		return fmt.Errorf("model %s gives no mask", e.Model)
	}
	for _, segment := range e.Mask.Segments {
		if segment.Index < 0 || segment.Index >= mostClasses {
			return fmt.Errorf("model %s gives class %d: at most %d can be measured", e.Model, segment.Index, mostClasses)
		}
		s.names[segment.Index] = segment.Label
	}
	if err := s.counts[model].Add(truth, enlarged(e.Mask, truth.Width, truth.Height)); err != nil {
		return fmt.Errorf("%s: %w", sample.Mask, err)
	}
	s.done[model][sample] = true
	return nil
}

// readMask reads a PNG of palette numbers or grey values.
func readMask(path string) (m masks.Mask, err error) {
	data, err := regfile.Read(path, maxMask)
	if err != nil {
		return m, err
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err == nil && c.Width*c.Height > 100e6 {
		err = fmt.Errorf("has %d x %d pixels, more than 100 million", c.Width, c.Height)
	}
	var picture image.Image
	if err == nil {
		picture, err = png.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	b := picture.Bounds()
	m = masks.Mask{Width: b.Dx(), Height: b.Dy()}
	var pix []uint8
	var stride int
	switch p := picture.(type) {
	case *image.Paletted:
		pix, stride = p.Pix, p.Stride
	case *image.Gray:
		pix, stride = p.Pix, p.Stride
	default:
		return m, fmt.Errorf("%s is a colour picture: want the classes as palette numbers or grey values", path)
	}
	for y := range m.Height {
		m.Pixels = append(m.Pixels, pix[y*stride:y*stride+m.Width]...)
	}
	return m, nil
}

// enlarged gives each pixel of the picture the class of the mask's pixel that it lies in. What no segment has is class 0.
func enlarged(m *pipeline.Mask, width, height int) masks.Mask {
	small := make([]uint8, m.Width*m.Height)
	for _, s := range m.Segments {
		at, in := 0, false
		for _, n := range s.Counts {
			for i := at; in && i < min(at+n, len(small)); i++ {
				small[i] = uint8(s.Index)
			}
			at, in = at+n, !in
		}
	}
	out := masks.Mask{Width: width, Height: height, Pixels: make([]uint8, width*height)}
	sx, sy := float64(m.Width)/float64(m.Box[2]-m.Box[0]), float64(m.Height)/float64(m.Box[3]-m.Box[1])
	for y := range height {
		my := min(max(int((float64(y)+0.5-float64(m.Box[1]))*sy), 0), m.Height-1)
		for x := range width {
			mx := min(max(int((float64(x)+0.5-float64(m.Box[0]))*sx), 0), m.Width-1)
			out.Pixels[y*width+x] = small[my*m.Width+mx]
		}
	}
	return out
}

func (s *segmenter) report(r *Report) {
	for i := range s.o.Set.Samples {
		all := true
		for _, done := range s.done {
			all = all && done[&s.o.Set.Samples[i]]
		}
		if all {
			r.Samples++
		}
	}
	for m := range r.Models {
		c := s.counts[m]
		r.Models[m].Figures = []Figure{figure("mean_iou", "mean IoU", c.MeanIoU()), figure("boundary_f", "mean boundary F", c.MeanBoundaryF()), figure("pixel_accuracy", "pixels that are right", c.Accuracy())}
		for k := range mostClasses {
			pixels := 0
			for _, n := range c.Confusion()[k] {
				pixels += n
			}
			if iou := c.IoU(k); iou == iou {
				r.Models[m].Classes = append(r.Models[m].Classes, Row{Label: cmp.Or(s.names[k], fmt.Sprintf("class %d", k)), Samples: pixels, Figures: []Figure{figure("iou", "IoU", iou), figure("boundary_f", "boundary F", c.BoundaryF(k))}})
			}
		}
	}
}
