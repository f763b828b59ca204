package capture

import "errors"

// dimensions are the size of pictures, in pixels; zero: unknown.
type dimensions struct{ width, height int }

// errSPS is the error of a truncated or invalid parameter set.
var errSPS = errors.New("damaged sequence parameter set")

// avcSize returns the size in an H.264 sequence parameter set: ITU-T H.264, section 7.3.2.1.1, cropped as 7.4.2.1.1 says.
func avcSize(nal []byte) (dimensions, error) {
	b := newBits(nal)
	b.skip(8) // the NAL unit's header
	profile := b.read(8)
	b.skip(16) // constraints, level
	b.golomb() // seq_parameter_set_id
	chroma, planes := 1, false
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = b.golomb(); chroma == 3 {
			planes = b.read(1) == 1
		}
		b.golomb() // bit depths
		b.golomb()
		b.skip(1)
		if b.read(1) == 1 {
			b.skipScaling(chroma)
		}
	}
	b.golomb() // log2_max_frame_num
	switch b.golomb() {
	case 0:
		b.golomb()
	case 1:
		b.skip(1)
		b.golomb() // se(v) has as many bits
		b.golomb()
		for n := b.golomb(); n > 0 && !b.over; n-- {
			b.golomb()
		}
	}
	b.golomb() // max_num_ref_frames
	b.skip(1)
	width, units := 16*(b.golomb()+1), b.golomb()+1
	fields := 2 - b.read(1) // 2: a picture consists of two fields
	if fields == 2 {
		b.skip(1)
	}
	height := 16 * units * fields
	b.skip(1)
	if b.read(1) == 1 {
		x, y := cropUnit(chroma, planes)
		width -= x * (b.golomb() + b.golomb())
		height -= y * fields * (b.golomb() + b.golomb())
	}
	return b.size(width, height)
}

// skipScaling skips the scaling matrix: H.264, section 7.3.2.1.1.1.
func (b *bits) skipScaling(chroma int) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if b.read(1) == 0 {
			continue
		}
		values := 16
		if i >= 6 {
			values = 64
		}
		for last, next := 8, 8; values > 0 && !b.over; values-- {
			if next != 0 {
				next = (last + b.signed() + 256) & 255
			}
			if next != 0 {
				last = next
			}
		}
	}
}

// hevcSize returns the size in an H.265 sequence parameter set: ITU-T H.265, sections 7.3.2.2 and 7.3.3.
func hevcSize(nal []byte) (dimensions, error) {
	b := newBits(nal)
	b.skip(16 + 4) // the NAL unit's header, sps_video_parameter_set_id
	layers := b.read(3)
	b.skip(1 + 88 + 8) // profile, level
	var profiles, levels [8]bool
	for i := range layers {
		profiles[i], levels[i] = b.read(1) == 1, b.read(1) == 1
	}
	if layers > 0 {
		b.skip(2 * (8 - layers))
	}
	for i := range layers {
		if profiles[i] {
			b.skip(88)
		}
		if levels[i] {
			b.skip(8)
		}
	}
	b.golomb() // sps_seq_parameter_set_id
	chroma, planes := b.golomb(), false
	if chroma == 3 {
		planes = b.read(1) == 1
	}
	width, height := b.golomb(), b.golomb()
	if b.read(1) == 1 {
		x, y := cropUnit(chroma, planes)
		width -= x * (b.golomb() + b.golomb())
		height -= y * (b.golomb() + b.golomb())
	}
	return b.size(width, height)
}

// cropUnit returns the units of the cropping: H.264, table 6-1.
func cropUnit(chroma int, planes bool) (x, y int) {
	x, y = 1, 1
	if !planes && (chroma == 1 || chroma == 2) {
		x = 2
	}
	if !planes && chroma == 1 {
		y = 2
	}
	return x, y
}

// bits reads a NAL unit bit by bit, without its emulation prevention bytes (H.264 and H.265, section 7.3.1.1).
type bits struct {
	data []byte
	at   int
	over bool // the data ended too early or was invalid
}

func newBits(nal []byte) *bits {
	b := &bits{data: make([]byte, 0, len(nal))}
	for zeros, i := 0, 0; i < len(nal); i++ {
		if zeros >= 2 && nal[i] == 3 {
			zeros = 0
			continue
		}
		if zeros++; nal[i] != 0 {
			zeros = 0
		}
		b.data = append(b.data, nal[i])
	}
	return b
}

func (b *bits) skip(n int) { b.at += n }

func (b *bits) read(n int) int {
	value := 0
	for range n {
		if b.at >= 8*len(b.data) {
			b.over = true
			return 0
		}
		value = value<<1 | int(b.data[b.at/8]>>(7-b.at%8)&1)
		b.at++
	}
	return value
}

// golomb reads an unsigned Exp-Golomb code: ue(v), H.264, section 9.1.
func (b *bits) golomb() int {
	zeros := 0
	for b.read(1) == 0 {
		if zeros++; b.over || zeros > 31 {
			b.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.read(zeros)
}

// signed reads a signed one: se(v), section 9.1.1.
func (b *bits) signed() int {
	k := b.golomb()
	if k%2 == 0 {
		return -k / 2
	}
	return (k + 1) / 2
}

func (b *bits) size(width, height int) (dimensions, error) {
	if b.over || checkSize(width, height) != nil {
		return dimensions{}, errSPS
	}
	return dimensions{width, height}, nil
}
