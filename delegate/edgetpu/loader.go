package edgetpu

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"corallite/internal/dynlib"
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
		if handle, _, ok := dynlib.TryOpen(name); ok {
			return resolve(name, handle)
		}
	}
	if file := l.passedOver(); file != "" {
		return loadFile(file)
	}
	return nil, l.notInstalled()
}

// missing is why there is no libedgetpu, as far as files tell; nil where one may be there.
func (l loader) missing() error {
	if !dynlib.Absent(l.names...) || l.passedOver() != "" {
		return nil
	}
	return l.notInstalled()
}

// passedOver is a file with libedgetpu's name. The loader passes over those that it cannot use; a user who has one wants
// to know why it was passed over.
func (l loader) passedOver() string {
	for _, pattern := range l.folders {
		folders, _ := filepath.Glob(pattern) // a pattern that is not well formed matches nothing
		for _, folder := range folders {
			for _, name := range l.names {
				file := filepath.Join(folder, name)
				if _, err := os.Lstat(file); err == nil {
					return file
				}
			}
		}
	}
	return ""
}

func (l loader) notInstalled() error {
	return &LoadError{Kind: ErrNotFound, Path: strings.Join(l.names, ", "),
		Detail: "not installed; install one that was built for this program's TensorFlow Lite (corallite doctor names it), or name the file in " + LibraryEnv}
}

func loadFile(path string) (*Library, error) {
	handle, err := dynlib.Open(path)
	if err != nil {
		return nil, loadError(err)
	}
	return resolve(path, handle)
}

// loadError is a *dynlib.Error as one of libedgetpu.
func loadError(err error) error {
	var e *dynlib.Error
	if !errors.As(err, &e) {
		return err
	}
	return &LoadError{Kind: kinds[e.Kind], Path: e.Path, Detail: e.Detail}
}

// kinds has what package dynlib says of any library as it is said of libedgetpu.
var kinds = map[error]error{
	dynlib.ErrNotFound: ErrNotFound, dynlib.ErrUnreadable: ErrUnreadable, dynlib.ErrNotLibrary: ErrNotLibrary,
	dynlib.ErrWrongArchitecture: ErrWrongArchitecture, dynlib.ErrMissingDependency: ErrMissingDependency, dynlib.ErrLoad: ErrLoad,
}

func resolve(path string, handle dynlib.Handle) (*Library, error) {
	l := &Library{path: path, c: clib{handle: handle}}
	if missing := l.c.resolve(); missing != "" {
		l.c.dlclose()
		return nil, &LoadError{Kind: ErrMissingSymbol, Path: path,
			Detail: missing + " is not in it: it is too old, or another library"}
	}
	return l, nil
}
