package models

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"
)

// UnknownError is a reference that is neither a name in the catalog nor a file.
type UnknownError struct {
	Name string
	Near string   // the nearest name in the catalog; "" if none is similar
	Like []string // names in the catalog that contain all parts of Name
}

func (e *UnknownError) Error() string {
	if looksLikePath(e.Name) {
		return fmt.Sprintf("%s: no such file%s", e.Name, e.Hint())
	}
	return fmt.Sprintf("unknown model %q%s", e.Name, e.Hint())
}

// maxSuggestions is the number of names that an error lists.
const maxSuggestions = 5

// Hint is the end of the error message, from the semicolon: what may have been meant.
func (e *UnknownError) Hint() string {
	switch some := e.Like[:min(len(e.Like), maxSuggestions)]; {
	case e.Near != "":
		return fmt.Sprintf("; did you mean %q?", e.Near)
	case len(some) == 1:
		return fmt.Sprintf("; did you mean %q?", some[0])
	case len(some) < len(e.Like):
		return fmt.Sprintf("; similar names are %s and %d more: see `corallite models list`", strings.Join(some, ", "), len(e.Like)-len(some))
	case len(some) > 1:
		return "; similar names are " + strings.Join(some, ", ")
	}
	return "; `corallite models list` shows all names; or give the path of a .tflite file"
}

// NotPulledError is a model of the catalog that is missing from the cache, in whole or in part.
type NotPulledError struct {
	Name string
	File string // the missing file's path
	Size int64  // bytes to download; 0: unknown

	Unverified bool // the file has no known checksum, which pulling it must accept
}

func (e *NotPulledError) Error() string {
	size := ""
	if e.Size > 0 {
		size = " (" + Bytes(e.Size) + ")"
	}
	return fmt.Sprintf("model %s is not downloaded yet (%s is missing); run `%s`%s",
		e.Name, e.File, e.Command(), size)
}

// Command is the command that pulls the model.
func (e *NotPulledError) Command() string {
	flag := ""
	if e.Unverified {
		flag = "--accept-unverified "
	}
	return "corallite models pull " + flag + e.Name
}

// DamagedError is a model of the catalog whose file in the cache is not what it should be.
type DamagedError struct {
	Name string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("model %s: %v; `%s` downloads it again", e.Name, e.Err, e.Command())
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Command is the command that downloads it again.
func (e *DamagedError) Command() string { return "corallite models pull " + e.Name }

// UnverifiedError is a pull that was refused because files have no known checksum.
type UnverifiedError struct {
	Name  string
	Files []string // their addresses
}

func (e *UnverifiedError) Error() string {
	return fmt.Sprintf("no checksum is known for %s, so the download cannot be verified; "+
		"`corallite models pull --accept-unverified %s` downloads it over https, records its sha256 and checks it from then on",
		strings.Join(e.Files, " and "), e.Name)
}

// HashError is a file whose sha256 differs from the catalog's or the recorded one, or whose git object id differs from the
// catalog's.
type HashError struct {
	Path, SHA256, Want string
	Record             *Record // nil: Want is the catalog's
	Git                bool    // SHA256 and Want are git object ids, which are sha1
}

func (e *HashError) Error() string {
	if e.Record != nil {
		return fmt.Sprintf("%s: sha256 mismatch: got %s, want %s (recorded at the download from %s on %s)",
			e.Path, e.SHA256, e.Want, e.Record.Address, e.Record.Date.Format(time.DateOnly))
	}
	if e.Git {
		return fmt.Sprintf("%s: git object id mismatch: got %s, want %s", e.Path, e.SHA256, e.Want)
	}
	return fmt.Sprintf("%s: sha256 mismatch: got %s, want %s", e.Path, e.SHA256, e.Want)
}

// Bytes formats a size for people: "229 kB", "1.1 MB" (powers of 1000).
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

// looksLikePath tells a path from a name in the catalog, which has no folder and no extension.
func looksLikePath(ref string) bool {
	return strings.ContainsRune(ref, '/') || strings.HasSuffix(strings.ToLower(ref), ".tflite")
}

// storageError adds the way out to errors of a full disk or a read-only folder.
func storageError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: free some space there, or set CORALLITE_CACHE (for packages CORALLITE_DOWNLOADS) to a folder on another disk", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: the folder is not writable; set CORALLITE_CACHE (for packages CORALLITE_DOWNLOADS) to another", err)
	default:
		return err
	}
}
