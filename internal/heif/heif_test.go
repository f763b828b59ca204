package heif

import (
	"errors"
	"strings"
	"testing"
)

func TestMissingLibrarySaysThePackage(t *testing.T) {
	for library, want := range map[string]string{
		"libheif-of-nobody.so.1": "apt install libheif1", // not there
		"libm.so.6":              "heif_context_alloc",   // another library
	} {
		if _, err := open(library); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a word of %q", library, err, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	if _, _, err := Size(nil, HEVC); err == nil {
		t.Error("no bytes: no error")
	}
	if err := Decode([]byte("ftyp"), HEVC, 4, 4, make([]byte, 47)); err == nil {
		t.Error("too little memory: no error")
	}
}
