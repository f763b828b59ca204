package tflite

import (
	"encoding/binary"
	"os"
	"testing"

	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// picture fills an 8-bit [1,height,width,channels] input with a 24-bit BMP, each pixel the nearest of the file's, so
// that a test and its reference in another language see the very same bytes. Other inputs stay as they are.
func picture(t testing.TB, in tensor.Tensor, name string) {
	t.Helper()
	if in.Type != tensor.UInt8 || len(in.Shape) < 3 {
		return
	}
	b, err := os.ReadFile(testdata.Path(t, "images/"+name))
	if err != nil {
		t.Fatal(err)
	}
	start, width, height := int(binary.LittleEndian.Uint32(b[10:])), int(binary.LittleEndian.Uint32(b[18:])), int(binary.LittleEndian.Uint32(b[22:]))
	if bits := binary.LittleEndian.Uint16(b[28:]); bits != 24 {
		t.Fatalf("%s has %d bits a pixel", name, bits)
	}
	stride := (width*3 + 3) / 4 * 4
	h, w, channels := in.Shape[1], in.Shape[2], 1
	if len(in.Shape) > 3 {
		channels = in.Shape[3]
	}
	for y := range h {
		row := b[start+(height-1-y*height/h)*stride:]
		for x := range w {
			pixel := row[x*width/w*3:]
			for c := range channels {
				in.Data[(y*w+x)*channels+c] = pixel[2-c]
			}
		}
	}
}
