package turbojpeg

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
)

func TestDecodeIsWhatOpenCVDecodes(t *testing.T) {
	for _, name := range []string{"cat_720p.jpg", "face.jpg", "hot_dog.jpg", "kite_and_cold.jpg", "parrot.jpg"} {
		data, err := os.ReadFile(testdata.Path(t, "images/"+name))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		var w, h int
		err = Decode(data, 1, func(width, height int) ([]byte, error) {
			w, h = width, height
			got = make([]byte, width*height*3)
			return got, nil
		})
		if err != nil {
			if _, missing := load(); missing != nil {
				testdata.Missing(t, "libturbojpeg is not installed: %v", missing)
			}
			t.Fatalf("%s: %v", name, err)
		}
		want, err := gocv.IMDecode(data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
		if err != nil {
			t.Fatal(err)
		}
		if want.Cols() != w || want.Rows() != h || !bytes.Equal(want.ToBytes(), got) {
			t.Errorf("%s: the pixels differ from OpenCV's", name)
		}
		want.Close()
	}
}

// OpenCV's reduced reading is done by the same code of libjpeg.
func TestReducedDecodeIsWhatOpenCVDecodes(t *testing.T) {
	flags := map[int]gocv.IMReadFlag{2: gocv.IMReadReducedColor2, 4: gocv.IMReadReducedColor4, 8: gocv.IMReadReducedColor8}
	for _, name := range []string{"cat_720p.jpg", "face.jpg", "parrot.jpg"} {
		data, err := os.ReadFile(testdata.Path(t, "images/"+name))
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range Reductions() {
			var got []byte
			var w, h int
			err := Decode(data, by, func(width, height int) ([]byte, error) {
				w, h, got = width, height, make([]byte, width*height*3)
				return got, nil
			})
			if err != nil {
				if _, missing := load(); missing != nil {
					testdata.Missing(t, "libturbojpeg is not installed: %v", missing)
				}
				t.Fatalf("%s: %v", name, err)
			}
			want, err := gocv.IMDecode(data, flags[by]|gocv.IMReadIgnoreOrientation)
			if err != nil {
				t.Fatal(err)
			}
			if want.Cols() != w || want.Rows() != h || !bytes.Equal(want.ToBytes(), got) {
				t.Errorf("%s at 1/%d: the pixels differ from OpenCV's (%dx%d, %dx%d)", name, by, w, h, want.Cols(), want.Rows())
			}
			want.Close()
		}
	}
	if err := Decode([]byte("x"), 3, nil); err == nil {
		t.Error("a reduction to 1/3 is accepted")
	}
}

func TestDecodeRefusesWhatIsNoJPEG(t *testing.T) {
	whole, err := os.ReadFile(testdata.Path(t, "images/face.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	room := func(w, h int) ([]byte, error) { return make([]byte, w*h*3), nil }
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("no picture"), "header only": whole[:200], "cut in the middle": whole[:len(whole)/2],
	} {
		if err := Decode(data, 1, room); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
	full := errors.New("no memory left")
	if err := Decode(whole, 1, func(int, int) ([]byte, error) { return nil, full }); !errors.Is(err, full) {
		t.Errorf("an error of alloc is lost: %v", err)
	}
	if err := Decode(whole, 1, func(int, int) ([]byte, error) { return make([]byte, 3), nil }); err == nil {
		t.Error("too little memory is not noticed")
	}
}
