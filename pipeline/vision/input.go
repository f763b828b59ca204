package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"runtime"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/yuv"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// ColorOrder is the order of a model's colour channels.
type ColorOrder int

// The orders. An input of one channel is grey whatever the order says.
const (
	RGB ColorOrder = iota
	BGR
)

// InputOptions say how a picture becomes a model's input. The zero value is what most models want.
type InputOptions struct {
	Resize Resize
	Order  ColorOrder
	// Fill is the colour of a letterbox's bars: red, green, blue, 0 to 255. Black when not set.
	Fill [3]uint8
	// Mean and Std give a pixel the real value (pixel − mean) / std, with pixels of 0 to 255: one number, or one for
	// each channel in the model's order. A quantized input then gets that value by its own scale and zero point.
	// Without them an input of uint8 gets the pixels as they are, of int8 pixel − 128, of floats −1 to 1.
	Mean, Std []float32
}

// Input writes frames into a model's input tensor. It may be used by several goroutines at once, each with a tensor
// of its own, and allocates nothing once it has seen a picture of each size. Whoever made it closes it.
type Input struct {
	info                    tensor.Info
	opts                    InputOptions
	width, height, channels int
	planar                  bool // channel by channel
	table                   []byte
	depth                   gocv.MatType
	conversion              conversion
	scratch                 *scratchList
}

// conversion is how resized pixels get into the tensor.
type conversion int

const (
	direct conversion = iota // they are what the tensor wants
	shift                    // pixel − 128 as int8, for which OpenCV has a fast way
	lookup                   // by the table
)

// PictureAxes returns which axes of a picture's shape, of four, are its height, its width and its channels: 1, 2 and 3 as
// models of TensorFlow have them (NHWC), or 2, 3 and 1 where axis 1 and not axis 3 is 1 or 3, as models of PyTorch have
// them whose converter kept it so (NCHW).
func PictureAxes(shape []int) (height, width, channels int) {
	colours := func(n int) bool { return n == 1 || n == 3 }
	if len(shape) == 4 && colours(shape[1]) && !colours(shape[3]) {
		return 2, 3, 1
	}
	return 1, 2, 3
}

// NewInput checks that pictures can be put into a tensor, which must have the shape [1, height, width, channels] or
// [1, channels, height, width] (see PictureAxes) with 1 or 3 channels and be of uint8, int8, uint16, int16, int32, float16,
// float32 or float64.
func NewInput(info tensor.Info, o InputOptions) (*Input, error) {
	opencv.OneThread()
	y, x, c := PictureAxes(info.Shape)
	wrong := len(info.Shape) != 4
	var height, width, channels int
	if !wrong {
		height, width, channels = info.Shape[y], info.Shape[x], info.Shape[c]
		wrong = info.Shape[0] != 1 || height < 1 || width < 1 || channels != 1 && channels != 3
	}
	if wrong {
		return nil, fmt.Errorf("the model's input must be one picture, [1,height,width,1 or 3] or [1,1 or 3,height,width]; it is %s", info)
	}
	if height > MaxPixels/width {
		return nil, fmt.Errorf("the input is too large for a picture: %s", info)
	}
	if err := checkNormalization(o, channels); err != nil {
		return nil, err
	}
	if o.Resize < Stretch || o.Resize > CenterCrop || o.Order < RGB || o.Order > BGR {
		return nil, fmt.Errorf("unknown resize mode %v or colour order %d", o.Resize, int(o.Order))
	}
	if info.Quantization.PerChannel() {
		return nil, fmt.Errorf("the input is quantized per channel, which is not supported: %s", info)
	}
	in := &Input{info: info, opts: o, width: width, height: height, channels: channels}
	in.planar = c == 1 && channels > 1 // one channel lies the same either way
	var ok bool
	if in.depth, ok = depths[info.Type]; !ok {
		return nil, fmt.Errorf("an input of type %s cannot hold a picture: %s", info.Type, info)
	}
	table, err := normalization(info, in.channels, o.Mean, o.Std)
	if err != nil {
		return nil, err
	}
	in.conversion = conversionFor(info.Type, in.channels, table)
	in.table = table
	in.scratch = newScratchList(in, table)
	runtime.AddCleanup(in, func(s *scratchList) { s.close() }, in.scratch)
	return in, nil
}

// depths are OpenCV's names of the types. A half is moved as the 16 bits that the table holds.
var depths = map[tensor.Type]gocv.MatType{
	tensor.UInt8: gocv.MatTypeCV8U, tensor.Int8: gocv.MatTypeCV8S, tensor.UInt16: gocv.MatTypeCV16U,
	tensor.Int16: gocv.MatTypeCV16S, tensor.Int32: gocv.MatTypeCV32S, tensor.Float16: gocv.MatTypeCV16U,
	tensor.Float32: gocv.MatTypeCV32F, tensor.Float64: gocv.MatTypeCV64F,
}

func checkNormalization(o InputOptions, channels int) error {
	if (o.Mean == nil) != (o.Std == nil) {
		return errors.New("mean and std belong together: give both or neither")
	}
	for name, values := range map[string][]float32{"mean": o.Mean, "std": o.Std} {
		if values != nil && len(values) != 1 && len(values) != channels {
			return fmt.Errorf("%s has %d values, but the input has %d channels (want 1 or %d values)", name, len(values), channels, channels)
		}
		for _, v := range values {
			if v != v || v-v != 0 || (name == "std" && v <= 0) {
				return fmt.Errorf("invalid %s %v (want a finite number, std above 0)", name, v)
			}
		}
	}
	return nil
}

// conversionFor finds the cheapest way that gives what the table says.
func conversionFor(t tensor.Type, channels int, table []byte) conversion {
	var same, minus128 []byte
	for pixel := range 256 {
		for range channels {
			same, minus128 = append(same, byte(pixel)), append(minus128, byte(pixel-128))
		}
	}
	switch {
	case t == tensor.UInt8 && bytes.Equal(table, same):
		return direct
	case t == tensor.Int8 && bytes.Equal(table, minus128):
		return shift
	default:
		return lookup
	}
}

// ErrClosed is returned by Prepare after Close.
var ErrClosed = errors.New("vision: the task is closed")

// Width and Height are the size of the model's input in pixels.
func (in *Input) Width() int { return in.width }

// Height is the height of the model's input in pixels.
func (in *Input) Height() int { return in.height }

// Prepare writes the frame into dst, which must be the tensor that the Input was made for, or memory like it.
func (in *Input) Prepare(dst tensor.Tensor, f *Frame) (pipeline.Placement, error) {
	if want := in.width * in.height * in.channels * in.info.Type.Size(); dst.Type != in.info.Type || len(dst.Data) != want {
		return pipeline.Placement{}, fmt.Errorf("input %s has %d bytes of %s, want %d of %s",
			dst.Name, len(dst.Data), dst.Type, want, in.info.Type)
	}
	width, height := f.Width(), f.Height()
	if width == 0 || height == 0 {
		return pipeline.Placement{}, errors.New("the frame was released before it was prepared")
	}
	if f.spent.Load() {
		return pipeline.Placement{}, errors.New("the frame's picture was for a single use, and a model has had it")
	}
	s, err := in.scratch.take(dst.Data)
	if err != nil {
		return pipeline.Placement{}, err
	}
	defer in.scratch.release(s)
	fit := fitInto(in.opts.Resize, width, height, in.width, in.height)
	if p, part, ok := f.Planes(); ok {
		if err := in.fromPlanes(s, p, fit.from.Add(part.Min), fit.to, dst); err != nil {
			return pipeline.Placement{}, err
		}
		f.used()
	} else {
		picture := f.Mat()
		var part image.Rectangle // of the Mat, which may be smaller than the picture
		part, fit.from = f.reduced.snap(fit.from, picture.Cols(), picture.Rows())
		if err := in.write(s, in.resized(s, picture, f.Reduction() > 1, part, fit.to), dst); err != nil {
			return pipeline.Placement{}, err
		}
	}
	// The tensor may be Go memory that C wrote to through an address it was given earlier.
	runtime.KeepAlive(dst.Data)
	return fit.placement(width, height), nil
}

// resized is the part of the picture in the input's size, at to in it: BGR, 8 bits. It belongs to s or is the picture itself.
// Of a reduced picture it is what comes closest to that of the whole one (see enough).
func (in *Input) resized(s *scratch, picture gocv.Mat, reduced bool, part, to image.Rectangle) gocv.Mat {
	whole := part == image.Rect(0, 0, picture.Cols(), picture.Rows())
	if whole && part == to && part == image.Rect(0, 0, in.width, in.height) {
		return picture
	}
	from := picture
	if !whole {
		from = picture.Region(part)
		defer from.Close()
	}
	how := gocv.InterpolationLinear
	if reduced {
		how = gocv.InterpolationCubic
	}
	gocv.Resize(from, s.part(to, in.opts.Fill), to.Size(), 0, 0, how)
	return s.small
}

// fromPlanes writes the tensor's values of a part of a picture in planes, at to in the input. Only the pixels that the input
// needs are converted to colours, and the values are those that resized and write make of the picture's Mat.
func (in *Input) fromPlanes(s *scratch, p *yuv.Picture, part, to image.Rectangle, dst tensor.Tensor) error {
	stride := 3 * in.width
	if in.conversion == direct && in.channels == 3 && !in.planar && to == image.Rect(0, 0, in.width, in.height) {
		return p.Scale(dst.Data, stride, in.width, in.height, part, in.order())
	}
	s.part(to, in.opts.Fill)
	pixels, err := s.small.DataPtrUint8()
	if err != nil {
		return err
	}
	if err := p.Scale(pixels[to.Min.Y*stride+3*to.Min.X:], stride, to.Dx(), to.Dy(), part, yuv.BGR); err != nil {
		return err
	}
	return in.write(s, s.small, dst)
}

func (in *Input) order() yuv.Order {
	if in.opts.Order == BGR {
		return yuv.BGR
	}
	return yuv.RGB
}

// write turns resized pixels into the tensor's values, in the memory that s.dst shows.
func (in *Input) write(s *scratch, small gocv.Mat, dst tensor.Tensor) error {
	if in.planar {
		pixels, err := small.DataPtrUint8()
		if err != nil {
			return err
		}
		return in.writePlanes(pixels, dst)
	}
	code, ordered := gocv.ColorBGRToRGB, small
	if in.channels == 1 {
		code = gocv.ColorBGRToGray
	}
	if in.channels == 1 || in.opts.Order == RGB {
		to := &s.ordered
		if in.conversion == direct {
			to = &s.dst
		}
		gocv.CvtColor(small, to, code)
		ordered = *to
	}
	switch in.conversion {
	case direct:
		if in.channels == 3 && in.opts.Order == BGR {
			small.CopyTo(&s.dst)
		}
	case shift:
		ordered.ConvertToWithParams(&s.dst, gocv.MatTypeCV8S, 1, -128)
	case lookup:
		gocv.LUT(ordered, in.scratch.table, &s.dst)
	}
	return nil
}

// Close frees what the Input holds, after the calls of Prepare that are under way. Twice is safe.
func (in *Input) Close() error {
	in.scratch.close()
	return nil
}
