package camera

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
)

// program runs an encoder or decoder of the system: heif-enc and heif-convert of libheif-examples, avifenc of libavif-bin.
func program(tb testing.TB, name string, args ...string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		testdata.Missing(tb, "%s is not installed (apt install libheif-examples libavif-bin)", name)
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// heifFiles are made by real encoders: their names and what makes them of a PNG.
var heifFiles = []struct {
	name    string
	program string
	args    []string // before the PNG and the name of the file
	turn    int      // EXIF's number of how the result is turned
	alpha   bool
	deep    bool // of a PNG with 16 bits
}{
	{name: "plain.heic", program: "heif-enc", args: []string{"-q", "90"}},
	{name: "thumbnail.heic", program: "heif-enc", args: []string{"-q", "90", "-t", "32"}},
	{name: "alpha.heic", program: "heif-enc", args: []string{"-q", "90"}, alpha: true},
	{name: "10bit.heic", program: "heif-enc", args: []string{"-q", "90", "-b", "10"}, deep: true},
	{name: "709.heic", program: "heif-enc", args: []string{"-q", "90", "--matrix_coefficients=1", "--full_range_flag=0"}},
	{name: "lossless.heic", program: "heif-enc", args: []string{"-L", "-p", "chroma=444", "--matrix_coefficients=0"}},
	{name: "plain.avif", program: "heif-enc", args: []string{"-q", "90", "-A"}},
	{name: "alpha.avif", program: "avifenc", args: []string{"-s", "8"}, alpha: true},
	{name: "10bit.avif", program: "avifenc", args: []string{"-s", "8", "-d", "10"}},
	{name: "12bit444.avif", program: "avifenc", args: []string{"-s", "8", "-d", "12", "-y", "444"}},
	{name: "grey.avif", program: "avifenc", args: []string{"-s", "8", "-y", "400"}},
	{name: "limited.avif", program: "avifenc", args: []string{"-s", "8", "-r", "limited"}},
	{name: "turned.avif", program: "avifenc", args: []string{"-s", "8", "--irot", "1"}, turn: 8}, // anticlockwise
	{name: "upsidedown.avif", program: "avifenc", args: []string{"-s", "8", "--irot", "2"}, turn: 3},
	{name: "mirrored.avif", program: "avifenc", args: []string{"-s", "8", "--imir", "1"}, turn: 2}, // left and right
	{name: "both.avif", program: "avifenc", args: []string{"-s", "8", "--irot", "1", "--imir", "1"}, turn: 7},
}

// heifPNG is the path of a PNG with a different colour in each corner.
func heifPNG(tb testing.TB, width, height int, alpha, deep bool) string {
	tb.Helper()
	rect := image.Rect(0, 0, width, height)
	m := image.NewNRGBA64(rect)
	for y := range height {
		for x := range width {
			c := color.NRGBA64{uint16(x * 600), uint16(y * 900), uint16(60000 - x*300 - y*300), 0xffff}
			if alpha {
				c.A = uint16(0x4000 + x*400)
			}
			m.SetNRGBA64(x, y, c)
		}
	}
	path := filepath.Join(tb.TempDir(), "in.png")
	data := pngOf(tb, m)
	if !deep {
		eight := image.NewNRGBA(rect)
		for i := range eight.Pix {
			eight.Pix[i] = m.Pix[2*i]
		}
		data = pngOf(tb, eight)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// readFile is a file that must be there.
func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestHEIFIsWhatLibheifDecodes compares with libheif's own program, and with the picture before it was encoded, so that no
// fault of libheif's, such as another version's, goes unseen.
func TestHEIFIsWhatLibheifDecodes(t *testing.T) {
	for _, c := range heifFiles {
		t.Run(c.name, func(t *testing.T) {
			from := heifPNG(t, 99, 70, c.alpha, c.deep) // odd, so that half the colours' resolution does not divide it
			path := filepath.Join(t.TempDir(), c.name)
			args := append(append([]string{}, c.args...), from)
			if c.program == "heif-enc" {
				args = append(args, "-o")
			}
			program(t, c.program, append(args, path)...)
			own := path + ".png"
			program(t, "heif-convert", path, own)

			data := readFile(t, path)
			got, err := decoded(t, data)
			if err != nil {
				t.Fatal(err)
			}
			want, err := decoded(t, readFile(t, own))
			if err != nil {
				t.Fatal(err)
			}
			compareMats(t, "libheif's own program", got.Mat(), want.Mat(), 0.51)

			h, err := sniff(data)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.ToUpper(strings.TrimPrefix(filepath.Ext(c.name), ".")); h.format != want {
				t.Errorf("it is a %s, want %s", h.format, want)
			}
			before, err := decoded(t, readFile(t, from))
			if err != nil {
				t.Fatal(err)
			}
			orient(before.Target(), c.turn)
			if c.name == "grey.avif" {
				return
			}
			compareMats(t, "what was encoded", got.Mat(), before.Mat(), 4)
		})
	}
}

// compareMats wants two pictures of the same size to differ by no more than so many levels in the mean.
func compareMats(t *testing.T, what string, a, b gocv.Mat, most float64) {
	t.Helper()
	if a.Cols() != b.Cols() || a.Rows() != b.Rows() {
		t.Errorf("%dx%d, and %s has %dx%d", a.Cols(), a.Rows(), what, b.Cols(), b.Rows())
		return
	}
	got, want := a.ToBytes(), b.ToBytes()
	sum := 0
	for i := range got {
		sum += max(int(got[i])-int(want[i]), int(want[i])-int(got[i]))
	}
	if mean := float64(sum) / float64(len(got)); mean > most {
		t.Errorf("the mean difference from %s is %.2f levels", what, mean)
	}
}

func TestDamagedHEIF(t *testing.T) {
	from := heifPNG(t, 96, 64, false, false) // whole blocks: nothing is cropped
	for _, name := range []string{"a.heic", "a.avif"} {
		path := filepath.Join(t.TempDir(), name)
		program(t, "heif-enc", "-q", "90", from, "-o", path)
		whole := readFile(t, path)
		format := strings.ToUpper(name[2:])
		for _, size := range []int{12, 40, len(whole) / 2, len(whole) - 20} {
			if _, err := decoded(t, whole[:size]); err == nil || !strings.HasPrefix(err.Error(), "damaged "+format+": ") {
				t.Errorf("%d of %d bytes of %s: %v", size, len(whole), name, err)
			}
		}
		// A header that tells of fewer pixels than there are must not let them out of their memory, and one of too many must
		// not be believed.
		at := bytes.Index(whole, []byte("ispe")) + 8
		for _, width := range []byte{1, 95} {
			lying := bytes.Clone(whole)
			lying[at+3] = width
			if _, err := decoded(t, lying); err == nil || !strings.HasPrefix(err.Error(), "damaged "+format+": ") {
				t.Errorf("%s of another width: %v", name, err)
			}
		}
		huge := bytes.Clone(whole)
		copy(huge[at:], []byte{0, 0, 0x7f, 0xff, 0, 0, 0x7f, 0xff})
		if _, err := decoded(t, huge); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s of 32767x32767 pixels: %v", name, err)
		}
	}
}

// Not every file that libheif refuses is damaged: 1.15 does not mirror 10 bits, which newer ones do.
func TestUnsupportedHEIF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.avif")
	program(t, "avifenc", "-s", "8", "-d", "10", "--imir", "1", heifPNG(t, 96, 64, false, false), path)
	if _, err := decoded(t, readFile(t, path)); err != nil && !strings.HasPrefix(err.Error(), "AVIF has what the libheif") {
		t.Error(err)
	}
}
