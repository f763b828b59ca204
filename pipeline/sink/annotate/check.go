package annotate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"gocv.io/x/gocv"
)

// OpenCV's VideoWriter says nothing of a write that failed, so that a full disk goes unnoticed. ffmpeg stops writing
// to a file at its first error, the index of an mp4 (the moov box) comes last, and the length of the pictures' data
// is put in after it: a file that is whole down to its last byte was written without an error.

// checkMovie says what is wrong with a finished mp4 file that should have that many frames.
func checkMovie(path string, frames int) error {
	if err := checkBoxes(path); err != nil {
		return err
	}
	v, err := gocv.VideoCaptureFileWithAPI(path, gocv.VideoCaptureFFmpeg)
	if err != nil {
		return errors.New("the finished file cannot be read back")
	}
	defer v.Close()
	if got := int(v.Get(gocv.VideoCaptureFrameCount)); got != frames {
		return fmt.Errorf("the finished file has %d of %d frames", got, frames)
	}
	first := gocv.NewMat()
	defer first.Close()
	if !v.Read(&first) || first.Empty() {
		return errors.New("the finished file's first frame cannot be decoded")
	}
	return nil
}

// checkBoxes walks the outer boxes of an mp4 file (ISO/IEC 14496-12, section 4.2: 32-bit big-endian size with the
// header, four letters; size 1: a 64-bit size follows; size 0: to the end of the file).
func checkBoxes(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for at := int64(0); at < st.Size(); {
		var head [16]byte
		n, err := f.ReadAt(head[:], at)
		if n < 8 || err != nil && err != io.EOF {
			return errors.New("the file ends within a box's header")
		}
		size := int64(binary.BigEndian.Uint32(head[:4]))
		switch {
		case size == 1 && n == 16:
			size = int64(binary.BigEndian.Uint64(head[8:]))
		case size == 0:
			size = st.Size() - at
		}
		if size < 8 || size > st.Size()-at {
			return fmt.Errorf("the file is cut off: its box %q needs %d bytes, and %d are there", head[4:8], size, st.Size()-at)
		}
		seen[string(head[4:8])] = true
		at += size
	}
	for _, want := range []string{"ftyp", "mdat", "moov"} {
		if !seen[want] {
			return fmt.Errorf("the file is not complete: it has no %q box", want)
		}
	}
	return nil
}

// appendable tries to make a file longer, and returns the system's reason when it cannot be (no space, quota, a
// limit on the size, a read-only or broken disk).
func appendable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeSize))
	return errors.Join(err, f.Close())
}

const probeSize = 64 << 10
