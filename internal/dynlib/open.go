package dynlib

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"corallite/internal/regfile"
)

// Why a library does not load, for errors.Is.
var (
	ErrNotFound          = errors.New("library not found")
	ErrUnreadable        = errors.New("the library cannot be read")
	ErrNotLibrary        = errors.New("not a shared library")
	ErrWrongArchitecture = errors.New("the library is built for another processor")
	ErrMissingDependency = errors.New("the library needs another library that is not installed")
	ErrLoad              = errors.New("the library does not load")
)

// Error is a library that could not be loaded.
type Error struct {
	Kind   error  // one of the Err… above
	Path   string // the file or name that was to be loaded
	Detail string // what was seen, in the loader's words where it had any
}

func (e *Error) Error() string { return fmt.Sprintf("%v: %s: %s", e.Kind, e.Path, e.Detail) }

func (e *Error) Unwrap() error { return e.Kind }

// Open loads the library at path, or of that name from where the system keeps libraries when there is no slash in it. The
// error is an *Error.
func Open(path string) (Handle, error) {
	if strings.Contains(path, "/") {
		if err := examine(path); err != nil {
			return Handle{}, err
		}
	}
	h, message, ok := TryOpen(path)
	if !ok {
		return Handle{}, &Error{Kind: kindOf(path, message), Path: path, Detail: message}
	}
	return h, nil
}

// examine looks at a file before the loader does, whose words hide what is wrong.
func examine(path string) error {
	fail := func(kind error, detail string) error { return &Error{Kind: kind, Path: path, Detail: detail} }
	f, err := regfile.OpenBare(path)
	switch info, _ := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fail(ErrNotFound, "there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return fail(ErrUnreadable, "permission denied; chmod a+r it")
	case info != nil && info.IsDir():
		return fail(ErrNotLibrary, "it is a folder; name the file in it")
	case info != nil && !info.Mode().IsRegular():
		return fail(ErrNotLibrary, "it is not a regular file")
	case err != nil:
		return fail(ErrUnreadable, reason(err))
	}
	defer f.Close()
	if runtime.GOOS != "linux" {
		return nil
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return fail(ErrNotLibrary, reason(err))
	}
	defer e.Close()
	if machine, known := machines[runtime.GOARCH]; known && e.Machine != machine {
		return fail(ErrWrongArchitecture, fmt.Sprintf("it is built for %s, and this program for %s", e.Machine, machine))
	}
	if e.Type != elf.ET_DYN {
		return fail(ErrNotLibrary, fmt.Sprintf("its ELF type is %s", e.Type))
	}
	return nil
}

// machines has the processors that go test may run on, and those that libedgetpu is built for.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386, "riscv64": elf.EM_RISCV,
}

// reason is the innermost error: the path stands in the message already.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// kindOf tells the loader's failures apart by its words (glibc, elf/dl-load.c): "X: cannot open shared object file"
// is about the library itself or about one that it needs.
func kindOf(path, message string) error {
	file, why, cannotOpen := strings.Cut(message, ": cannot open shared object file: ")
	switch {
	case cannotOpen && file != path:
		return ErrMissingDependency
	case strings.HasPrefix(why, "Permission denied"):
		return ErrUnreadable
	case strings.HasPrefix(why, "No such file"):
		return ErrNotFound
	default:
		return ErrLoad
	}
}
