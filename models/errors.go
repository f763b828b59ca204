package models

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"
)

// UnknownError is a name that is neither in the catalog nor a file.
type UnknownError struct {
	Name string
	Near string   // the nearest name of the catalog; "" when none is near
	Like []string // names of the catalog that have all parts of Name in them
}

func (e *UnknownError) Error() string {
	if looksLikePath(e.Name) {
		return fmt.Sprintf("%s: no such file%s", e.Name, e.Hint())
	}
	return fmt.Sprintf("no model is called %q%s", e.Name, e.Hint())
}

// mostLike is how many names an error lists.
const mostLike = 5

// Hint is the end of the error: what may have been meant, after a semicolon.
func (e *UnknownError) Hint() string {
	switch some := e.Like[:min(len(e.Like), mostLike)]; {
	case e.Near != "":
		return fmt.Sprintf("; did you mean %q?", e.Near)
	case len(some) == 1:
		return fmt.Sprintf("; did you mean %q?", some[0])
	case len(some) < len(e.Like):
		return fmt.Sprintf("; the catalog has %s and %d more like it: see `corallite models list`", strings.Join(some, ", "), len(e.Like)-len(some))
	case len(some) > 1:
		return "; the catalog has " + strings.Join(some, ", ")
	}
	return "; see what there is with `corallite models list`, or give the path of a .tflite file"
}

// NotPulledError is a model of the catalog that is not, or not wholly, in the cache.
type NotPulledError struct {
	Name string
	File string // the path that is missing
	Size int64  // what pulling it fetches, in bytes; 0: not known

	Unverified bool // nothing is known about the file: pulling it needs to accept that
}

func (e *NotPulledError) Error() string {
	flag, size := "", ""
	if e.Unverified {
		flag = "--accept-unverified "
	}
	if e.Size > 0 {
		size = " (" + Bytes(e.Size) + ")"
	}
	return fmt.Sprintf("model %s is not on this machine (%s is missing); pull it with `corallite models pull %s%s`%s",
		e.Name, e.File, flag, e.Name, size)
}

// UnverifiedError is a pull that was refused because the sha256 of files is not known.
type UnverifiedError struct {
	Name  string
	Files []string // their addresses
}

func (e *UnverifiedError) Error() string {
	return fmt.Sprintf("the sha256 of %s is not known, so that what comes cannot be compared with it; "+
		"`corallite models pull --accept-unverified %s` fetches it over https, records its sha256 and holds it to that from then on",
		strings.Join(e.Files, " and "), e.Name)
}

// HashError is a file that is not the one that the catalog means, or that was recorded.
type HashError struct {
	Path, SHA256, Want string
	Record             *Record // nil: Want is the catalog's
}

func (e *HashError) Error() string {
	if e.Record != nil {
		return fmt.Sprintf("%s: sha256 is %s, and %s was recorded when it came from %s on %s: not used",
			e.Path, e.SHA256, e.Want, e.Record.Address, e.Record.Date.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s: sha256 is %s, and %s was expected: not used", e.Path, e.SHA256, e.Want)
}

// Bytes writes a size for people: "229 kB", "1.1 MB" (powers of 1000).
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 999_500:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	case n < 999_500_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
}

// looksLikePath tells a path from a name of the catalog, which has no folders and no extension.
func looksLikePath(ref string) bool {
	return strings.ContainsRune(ref, '/') || strings.HasSuffix(strings.ToLower(ref), ".tflite")
}

// storageError adds the way out to errors of a full disk or a folder that cannot be written.
func storageError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: free some space there, or name a folder on another disk with CORALLITE_CACHE (packages: CORALLITE_DOWNLOADS)", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: the folder cannot be written; name another with CORALLITE_CACHE (packages: CORALLITE_DOWNLOADS)", err)
	default:
		return err
	}
}
