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
		err = Decode(data, func(width, height int) ([]byte, error) {
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

func TestDecodeRefusesWhatIsNoJPEG(t *testing.T) {
	whole, err := os.ReadFile(testdata.Path(t, "images/face.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	room := func(w, h int) ([]byte, error) { return make([]byte, w*h*3), nil }
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("no picture"), "header only": whole[:200], "cut in the middle": whole[:len(whole)/2],
	} {
		if err := Decode(data, room); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
	full := errors.New("no memory left")
	if err := Decode(whole, func(int, int) ([]byte, error) { return nil, full }); !errors.Is(err, full) {
		t.Errorf("an error of alloc is lost: %v", err)
	}
	if err := Decode(whole, func(int, int) ([]byte, error) { return make([]byte, 3), nil }); err == nil {
		t.Error("too little memory is not noticed")
	}
}
