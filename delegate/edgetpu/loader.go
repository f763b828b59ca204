package edgetpu

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"corallite/internal/regfile"
)

// loader looks for libedgetpu.
type loader struct {
	names   []string // tried where no path is given
	folders []string // patterns of folders that are looked into to explain why no name loads
}

func systemLoader() loader {
	if runtime.GOOS == "darwin" {
		return loader{names: []string{"libedgetpu.1.dylib", "libedgetpu.1.0.dylib"}, folders: []string{"/usr/local/lib"}}
	}
	folders := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	return loader{
		names: []string{"libedgetpu.so.1", "libedgetpu.so.1.0"},
		folders: append(folders, "/usr/local/lib", "/usr/lib/*-linux-*", "/lib/*-linux-*", "/usr/lib64", "/lib64",
			"/usr/lib", "/lib"),
	}
}

func (l loader) load(path string) (*Library, error) {
	if path == "" {
		path = os.Getenv(LibraryEnv)
	}
	if path != "" {
		return loadFile(path)
	}
	for _, name := range l.names {
		if handle, _ := dlopen(name); handle != nil {
			return resolve(name, handle)
		}
	}
	// The loader passes over files that it cannot use; a user who has one wants to know why it was passed over.
	for _, pattern := range l.folders {
		folders, _ := filepath.Glob(pattern) // a pattern that is not well formed matches nothing
		for _, folder := range folders {
			for _, name := range l.names {
				file := filepath.Join(folder, name)
				if _, err := os.Lstat(file); err == nil {
					return loadFile(file)
				}
			}
		}
	}
	return nil, &LoadError{Kind: ErrNotFound, Path: strings.Join(l.names, ", "),
		Detail: "not installed; install one that was built for this program's TensorFlow Lite (corallite doctor names it), or name the file in " + LibraryEnv}
}

func loadFile(path string) (*Library, error) {
	if strings.Contains(path, "/") { // else it is a name for the loader to look for
		if err := examine(path); err != nil {
			return nil, err
		}
	}
	handle, message := dlopen(path)
	if handle == nil {
		return nil, &LoadError{Kind: kindOf(path, message), Path: path, Detail: message}
	}
	return resolve(path, handle)
}

func resolve(path string, handle unsafe.Pointer) (*Library, error) {
	l := &Library{path: path, c: clib{handle: handle}}
	if missing := l.c.resolve(); missing != "" {
		l.c.dlclose()
		return nil, &LoadError{Kind: ErrMissingSymbol, Path: path,
			Detail: missing + " is not in it: it is too old, or another library"}
	}
	return l, nil
}

// examine looks at a file before the loader does, because the loader's words hide what is wrong.
func examine(path string) error {
	f, err := regfile.OpenRegular(path)
	switch info, _ := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return &LoadError{Kind: ErrNotFound, Path: path, Detail: "there is no such file"}
	case errors.Is(err, fs.ErrPermission):
		return &LoadError{Kind: ErrUnreadable, Path: path, Detail: "permission denied; chmod a+r it"}
	case info != nil && info.IsDir():
		return &LoadError{Kind: ErrNotLibrary, Path: path, Detail: "it is a folder; name the file in it"}
	case info != nil && !info.Mode().IsRegular():
		return &LoadError{Kind: ErrNotLibrary, Path: path, Detail: "it is not a regular file"}
	case err != nil:
		return &LoadError{Kind: ErrUnreadable, Path: path, Detail: reason(err)}
	}
	defer f.Close()
	if runtime.GOOS != "linux" {
		return nil
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return &LoadError{Kind: ErrNotLibrary, Path: path, Detail: reason(err)}
	}
	defer e.Close()
	if machine, known := machines[runtime.GOARCH]; known && e.Machine != machine {
		return &LoadError{Kind: ErrWrongArchitecture, Path: path,
			Detail: fmt.Sprintf("it is built for %s, and this program for %s", e.Machine, machine)}
	}
	if e.Type != elf.ET_DYN {
		return &LoadError{Kind: ErrNotLibrary, Path: path, Detail: fmt.Sprintf("its ELF type is %s", e.Type)}
	}
	return nil
}

// machines has the processors that libedgetpu is built for, and those that go test may run on.
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
