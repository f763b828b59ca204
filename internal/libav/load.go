package libav

// #cgo LDFLAGS: -ldl -lm -pthread
// const char *libav_load(void);
import "C"

import (
	"fmt"
	"sync"
)

// Load loads the libraries, which the first movie or reader would do otherwise. Only the first call does anything; every call
// returns its error.
var Load = sync.OnceValue(func() error {
	if words := C.libav_load(); words != nil {
		return fmt.Errorf("the ffmpeg libraries for video cannot be loaded: %s; install ffmpeg or libopencv-videoio", C.GoString(words))
	}
	return nil
})
