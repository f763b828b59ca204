package vision

import "corallite/tflite/tensor"

// writePlanes turns resized pixels, BGR without gaps, into the values of a tensor that has one channel after another.
func (in *Input) writePlanes(pixels []byte, dst tensor.Tensor) error {
	switch in.info.Type.Size() {
	case 1:
		return planes[uint8](in, tensor.UInt8, pixels, dst.Data)
	case 2:
		return planes[uint16](in, tensor.UInt16, pixels, dst.Data)
	case 4:
		return planes[uint32](in, tensor.UInt32, pixels, dst.Data)
	default:
		return planes[uint64](in, tensor.UInt64, pixels, dst.Data)
	}
}

// planes moves values by their bits, whatever they mean, so that one function serves all types of a size.
func planes[T uint8 | uint16 | uint32 | uint64](in *Input, bits tensor.Type, pixels, dst []byte) error {
	table, err := tensor.Of[T](tensor.Tensor{Info: tensor.Info{Name: "table", Type: bits}, Data: in.table})
	if err != nil {
		return err
	}
	to, err := tensor.Of[T](tensor.Tensor{Info: tensor.Info{Name: in.info.Name, Type: bits}, Data: dst})
	if err != nil {
		return err
	}
	n := in.width * in.height
	for c := range in.channels {
		var values [256]T
		for pixel := range values {
			values[pixel] = table[pixel*in.channels+c]
		}
		from := c
		if in.opts.Order == RGB {
			from = in.channels - 1 - c
		}
		plane := to[c*n : (c+1)*n]
		for i, at := 0, pixels[from:]; i < len(plane); i++ {
			plane[i] = values[at[3*i]]
		}
	}
	return nil
}
