package camera

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// largePicture is from how many bytes on the machine is asked for its free memory first.
const largePicture = 64 << 20

// errNoMemory is a picture that is larger than the free memory.
var errNoMemory = errors.New("not enough free memory")

// enoughMemory says whether a picture of so many pixels can be decoded: OpenCV ends the process when memory runs out,
// or the system does. A decoder needs up to so many times the picture's own size.
func enoughMemory(width, height, times int) error {
	need := 3 * int64(times) * int64(width) * int64(height)
	if need < largePicture {
		return nil
	}
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return nil // not Linux, or no /proc: nothing is known, so it is tried
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if free, ok := available(scan.Text()); ok && free < need {
			return fmt.Errorf("%w: %d MiB are needed to decode it and %d MiB are free", errNoMemory, need>>20, free>>20)
		}
	}
	return nil
}

// available reads the line "MemAvailable:   12345 kB" of /proc/meminfo as bytes.
func available(line string) (int64, bool) {
	rest, ok := strings.CutPrefix(line, "MemAvailable:")
	if !ok {
		return 0, false
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
	return kib << 10, err == nil
}
