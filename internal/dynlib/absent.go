package dynlib

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Absent reports whether dlopen is certain to find no library of any of these names without a folder, which Absent tells from files
// alone: a library that is loaded runs code of its own, so that one that may be faulty is loaded in a child, and starting
// a child only to see that there is none takes longer than opening a model. It looks where glibc does (man ld.so): in
// LD_LIBRARY_PATH, the program's own run path, the cache that ldconfig wrote, and the default folders. Where one of
// these cannot be read, or is not glibc's, the answer is false.
func Absent(names ...string) bool {
	if os.Getenv("LD_PRELOAD") != "" || os.Getenv("LD_AUDIT") != "" {
		return false // what they load may have the name
	}
	cache, err := os.ReadFile("/etc/ld.so.cache")
	if err != nil || slices.ContainsFunc(names, func(n string) bool { return bytes.Contains(cache, append([]byte(n), 0)) }) {
		return false
	}
	own, ok := runPath()
	if !ok {
		return false
	}
	named := strings.FieldsFunc(os.Getenv("LD_LIBRARY_PATH"), func(r rune) bool { return r == ':' || r == ';' })
	for _, folder := range append(named, own...) {
		if !filepath.IsAbs(folder) || strings.Contains(folder, "$") { // "$LIB", which the loader fills in
			return false
		}
	}
	for _, folder := range append(append(named, own...), defaultFolders()...) {
		inside, _ := os.ReadDir(filepath.Join(folder, "glibc-hwcaps")) // an error: there is none
		for _, name := range names {
			if there(folder, name) {
				return false
			}
			for _, level := range inside {
				if there(folder, "glibc-hwcaps", level.Name(), name) {
					return false
				}
			}
		}
	}
	return true
}

// there reports whether a path exists, or might.
func there(parts ...string) bool {
	_, err := os.Lstat(filepath.Join(parts...))
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR)
}

// defaultFolders are those that every glibc looks into, with those of Debian.
func defaultFolders() []string {
	var all []string
	for _, top := range []string{"/lib", "/usr/lib"} {
		several, _ := filepath.Glob(top + "/*-linux-*") // the pattern is well formed
		all = append(append(all, top, top+"64"), several...)
	}
	return all
}

// runPath are the folders in which this program itself asks the loader to look.
func runPath() (folders []string, ok bool) {
	path, err := os.Executable()
	if err != nil {
		return nil, false
	}
	f, err := elf.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, err := f.DynString(tag)
		if err != nil {
			return nil, false
		}
		for _, v := range values {
			for _, folder := range filepath.SplitList(v) {
				folder = strings.ReplaceAll(folder, "${ORIGIN}", "$ORIGIN")
				folders = append(folders, strings.ReplaceAll(folder, "$ORIGIN", filepath.Dir(path)))
			}
		}
	}
	return folders, true
}
