package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"

	"corallite/internal/libav"
	"corallite/internal/reconnect"
)

// userAgent is how servers see this program.
const userAgent = "corallite"

// errTransport marks the error of a server that has the stream but does not send it by the transport that was tried.
var errTransport = errors.New("another transport may work")

type transportError struct{ error }

func (transportError) Is(target error) bool { return target == errTransport }

// ffmpegTag is the code of an error of ffmpeg's own: FFERRTAG in libavutil/error.h.
func ffmpegTag(tag string) int {
	return -(int(tag[0]) | int(tag[1])<<8 | int(tag[2])<<16 | int(tag[3])<<24)
}

// Codes of libavutil/error.h.
var (
	httpStatuses = map[int]int{
		ffmpegTag("\xf8401"): http.StatusUnauthorized, ffmpegTag("\xf8403"): http.StatusForbidden, ffmpegTag("\xf8404"): http.StatusNotFound,
	}
	permanentCodes = map[int]string{
		ffmpegTag("\xf8OPT"): "an option is not possible",
		ffmpegTag("\xf8PRO"): "this machine's ffmpeg libraries do not have the protocol",
		ffmpegTag("\xf8DEM"): "this machine's ffmpeg libraries cannot read the container",
		ffmpegTag("\xf8DEC"): "this machine's ffmpeg libraries cannot decode the video",
	}
)

var statusInWords = regexp.MustCompile(`\b([1-5]\d\d) [A-Z][A-Za-z ]+`)

// reasonOf returns why an address cannot be opened or read, in the words of the library or the system. o says whether
// credentials were given.
func reasonOf(err error, o Options) error {
	var of *libav.Error
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the server ended the stream")
	case errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded), reconnect.IsPermanent(err), !errors.As(err, &of):
		return err
	}
	if system := syscall.Errno(-of.Code); of.Code > -200 {
		switch system {
		case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.ECONNRESET:
			return system
		}
	}
	said := strings.TrimSpace(of.Log)
	if said == "" {
		said = of.Error()
	}
	if code, ok := httpStatuses[of.Code]; ok {
		status := statusInWords.FindString(said)
		if status == "" {
			status = fmt.Sprintf("%d %s", code, http.StatusText(code))
		}
		return refused(code, status, o.User != "" || o.Password != "" || o.Token != "")
	}
	if words, ok := permanentCodes[of.Code]; ok {
		return reconnect.Permanent(fmt.Errorf("%s: %s", words, said))
	}
	return transportError{errors.New(said)}
}
