package opencv

import (
	"strings"
	"testing"

	"gocv.io/x/gocv"
)

func TestLibrary(t *testing.T) {
	for _, c := range []struct{ version, soname, debian string }{
		{"4.6.0", "libopencv_videoio.so.406", "libopencv-videoio406"},
		{"4.10.0", "libopencv_videoio.so.410", "libopencv-videoio410"},
		{"4.5.1-dev", "libopencv_videoio.so.405", "libopencv-videoio405"},
		{"5.0.0", "libopencv_videoio.so.500", "libopencv-videoio500"},
	} {
		soname, debian, err := library("videoio", c.version)
		if err != nil || soname != c.soname || debian != c.debian {
			t.Errorf("%s: got %s, %s, %v; want %s, %s", c.version, soname, debian, err, c.soname, c.debian)
		}
	}
	for _, version := range []string{"", "4", "3.4.1", "x.y.z"} {
		if soname, _, err := library("videoio", version); err == nil {
			t.Errorf("version %q is taken as %s", version, soname)
		}
	}
}

func TestLoad(t *testing.T) {
	for range 2 {
		if err := LoadImgcodecs(); err != nil {
			t.Error(err)
		}
		if err := LoadVideoio(); err != nil {
			t.Error(err)
		}
		if err := LoadVideo(); err != nil {
			t.Error(err)
		}
	}
	mat, err := gocv.IMDecode([]byte("no picture"), gocv.IMReadColor)
	if err != nil {
		t.Fatal(err)
	}
	defer mat.Close()
	if !mat.Empty() {
		t.Error("text was decoded to a picture")
	}
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	err := load("nosuchmodule", openVideoio)
	if err == nil {
		t.Fatal("a library that does not exist was loaded")
	}
	for _, want := range []string{"libopencv_nosuchmodule.so.", "libopencv-nosuchmodule"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}
