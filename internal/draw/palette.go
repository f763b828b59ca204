package draw

import "math"

// palette holds colours that are told apart on most pictures: hues around the circle, bright and dark in turn, none of
// them grey.
var palette = [...]colour{
	{0xff, 0x3b, 0x30}, // red
	{0x34, 0xc7, 0x59}, // green
	{0x2f, 0x80, 0xff}, // blue
	{0xff, 0x9f, 0x0a}, // orange
	{0xbf, 0x5a, 0xf2}, // purple
	{0x00, 0xd0, 0xd6}, // cyan
	{0xff, 0xd6, 0x0a}, // yellow
	{0xff, 0x2d, 0x92}, // magenta
	{0xa8, 0xe0, 0x00}, // lime
	{0x5e, 0x5c, 0xe6}, // indigo
	{0x00, 0xa8, 0x8f}, // teal
	{0xff, 0x8f, 0x7a}, // salmon
	{0x64, 0xb5, 0xff}, // sky
	{0xc9, 0x8a, 0x3c}, // ochre
	{0xff, 0x9a, 0xe0}, // pink
	{0x7a, 0x94, 0x00}, // olive
}

var (
	black = colour{0, 0, 0}
	white = colour{255, 255, 255}
)

// labelColour is the colour of a label: always the same one for the same text, whatever model and picture.
func labelColour(label string) colour {
	// FNV-1a, 32 bits, written out because hash/fnv allocates. The start differs from the usual one by a number with
	// which the labels that are seen most (TestColours) have colours of their own.
	h := uint32(2166136261 ^ 149)
	for i := 0; i < len(label); i++ {
		h = (h ^ uint32(label[i])) * 16777619
	}
	// The low bits alone fall together for labels that differ in one letter.
	return palette[(h^h>>16)%uint32(len(palette))]
}

// textColour is black or white, whichever has the higher contrast with background as WCAG 2.1 computes it from the
// relative luminance L: (1.05)/(L+0.05) for white, (L+0.05)/0.05 for black.
func textColour(background colour) colour {
	if l := luminance(background); (l+0.05)/0.05 >= 1.05/(l+0.05) {
		return black
	}
	return white
}

// luminance is the relative luminance of an sRGB colour, 0 to 1.
func luminance(c colour) float64 {
	return float64(0.2126*linear(c.r)) + float64(0.7152*linear(c.g)) + float64(0.0722*linear(c.b))
}

func linear(v uint8) float64 {
	s := float64(v) / 255
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}
