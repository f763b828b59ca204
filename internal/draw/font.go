package draw

import (
	"fmt"
	"image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"corallite/internal/regfile"
)

// maxFaces bounds the sizes that are kept ready: a video needs one, a folder of pictures a few.
const maxFaces = 8

// fonts is the built-in font, and after it the user's font for what the built-in one lacks.
type fonts struct {
	list  []*opentype.Font
	buf   sfnt.Buffer
	faces map[int]*face // by size in pixels
}

// maxFont is the most bytes of a font's file: collections of Chinese, Japanese and Korean fonts have 100 MB.
const maxFont = 256 << 20

func newFonts(path string) (*fonts, error) {
	builtin, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return nil, fmt.Errorf("built-in font: %w", err)
	}
	f := &fonts{list: []*opentype.Font{builtin}, faces: map[int]*face{}}
	if path == "" {
		return f, nil
	}
	data, err := regfile.Read(path, maxFont)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	// A single font reads as a collection of one.
	collection, err := opentype.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w; want a TrueType or OpenType file (.ttf, .otf, .ttc)", path, err)
	}
	own, err := collection.Font(0)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", path, err)
	}
	f.list = append(f.list, own)
	return f, nil
}

// find is the number of the first font that has r, or -1.
func (f *fonts) find(r rune) int {
	for i, ft := range f.list {
		if g, err := ft.GlyphIndex(&f.buf, r); err == nil && g != 0 {
			return i
		}
	}
	return -1
}

// face gives the glyphs of one size, in pixels to the em.
func (f *fonts) face(size int) (*face, error) {
	if c, ok := f.faces[size]; ok {
		return c, nil
	}
	c := &face{fonts: f, glyphs: map[glyphKey]glyph{}, kerns: map[[2]rune]fixed.Int26_6{}}
	for _, ft := range f.list {
		of, err := opentype.NewFace(ft, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, fmt.Errorf("font of %d pixels: %w", size, err)
		}
		c.list = append(c.list, of)
	}
	m := c.list[0].Metrics()
	c.ascent, c.descent = pixels(m.Ascent), pixels(m.Descent)
	if len(f.faces) >= maxFaces {
		clear(f.faces)
	}
	f.faces[size] = c
	return c, nil
}

// face is a font at one size, with its glyphs kept as masks once they were drawn.
type face struct {
	fonts           *fonts
	list            []font.Face
	ascent, descent float32 // of a line, in pixels, both positive
	glyphs          map[glyphKey]glyph
	kerns           map[[2]rune]fixed.Int26_6
}

// glyphKey names a glyph at one of four places within a pixel, so that letters keep their distances at small sizes.
type glyphKey struct {
	r       rune
	quarter uint8
}

type glyph struct {
	mask    []byte
	width   int
	at      image.Point // of the mask's left upper pixel, from the pen's pixel on the base line
	advance fixed.Int26_6
}

func (c *face) glyph(r rune, quarter uint8) glyph {
	key := glyphKey{r, quarter}
	g, ok := c.glyphs[key]
	if !ok {
		g = c.rasterize(r, quarter)
		c.glyphs[key] = g
	}
	return g
}

func (c *face) rasterize(r rune, quarter uint8) glyph {
	from := max(c.fonts.find(r), 0)
	dot := fixed.Point26_6{X: fixed.Int26_6(quarter) * 16}
	box, mask, at, advance, ok := c.list[from].Glyph(dot, r)
	if !ok {
		return glyph{}
	}
	g := glyph{width: box.Dx(), at: box.Min, advance: advance, mask: make([]byte, box.Dx()*box.Dy())}
	for y := range box.Dy() {
		for x := range box.Dx() {
			_, _, _, a := mask.At(at.X+x, at.Y+y).RGBA()
			g.mask[y*g.width+x] = byte(a >> 8)
		}
	}
	return g
}

// kern is what the distance between two letters differs by. Only the built-in font's pairs are known.
func (c *face) kern(a, b rune) fixed.Int26_6 {
	pair := [2]rune{a, b}
	k, ok := c.kerns[pair]
	if !ok {
		k = c.list[0].Kern(a, b)
		c.kerns[pair] = k
	}
	return k
}

// measure is the width of text in pixels.
func (c *face) measure(text []rune) float32 {
	var x fixed.Int26_6
	for i, r := range text {
		if i > 0 {
			x += c.kern(text[i-1], r)
		}
		x += c.glyph(r, 0).advance
	}
	return pixels(x)
}

// draw writes text with its left end at x and its base line at y.
func (c *face) draw(dst *canvas, x, y float32, text []rune, col colour) {
	pen := fixed.Int26_6(x * 64)
	base := int(y + 0.5)
	for i, r := range text {
		if i > 0 {
			pen += c.kern(text[i-1], r)
		}
		at := pen + 8 // to the nearest quarter
		g := c.glyph(r, uint8(at&63)/16)
		dst.mask(at.Floor()+g.at.X, base+g.at.Y, g.mask, g.width, col)
		pen += g.advance
	}
}

func pixels(v fixed.Int26_6) float32 { return float32(v) / 64 }
