package models

import (
	"strings"
)

// FileStatus is one file of a model and its state in the cache.
type FileStatus struct {
	Role
	State  State   // Absent, Incomplete (of another size) or Cached
	Size   int64   // bytes; 0: unknown before a pull
	SHA256 string  // of the catalog or the record; "": unknown before a pull
	Record *Record // of the download, for a file whose sha256 the catalog does not know; nil: none
	Path   string  // where it is or would be; "" without a cache folder
	From   string  // an address, "package NAME==VERSION: PATH", or "built in"
}

// Info returns the state of one model and of its files. Like List it reads no file of the model. The error is an
// *UnknownError, or of a record that cannot be read.
func (s *Store) Info(name string) (Status, []FileStatus, error) {
	e, ok := s.Lookup(name)
	if !ok {
		return Status{}, nil, s.unknown(name)
	}
	var files []FileStatus
	for _, r := range e.Files.Roles() {
		p, err := s.pin(e, r.File)
		if err != nil {
			return Status{}, nil, err
		}
		f := FileStatus{Role: r, State: Absent, Size: p.size, SHA256: p.sum, Record: p.record, From: s.origin(r.File)}
		if s.noCache == nil {
			f.Path = s.place(e, r.File)
			switch {
			case s.whole(e, r.File):
				f.State = Cached
			case exists(f.Path):
				f.State = Incomplete
			}
		}
		files = append(files, f)
	}
	return s.status(e), files, nil
}

// origin says where a file comes from.
func (s *Store) origin(f *File) string {
	switch {
	case f.Shipped != "":
		return "built in"
	case f.Package != "":
		return "package " + s.catalog.packages[f.Package].PyPI + ": " + f.Inside
	}
	return f.URL
}

// Search returns the models of which name, task, description, licence and labels together have all of the words, whatever
// their case, in the catalog's order.
func (s *Store) Search(words ...string) []Status {
	var out []Status
	for i := range s.catalog.entries {
		e := &s.catalog.entries[i]
		text := strings.ToLower(strings.Join(append([]string{
			e.Name, e.Task, e.Description, e.Licence.SPDX, e.Licence.Note,
		}, e.Labels...), "\n"))
		if hasAll(text, words) {
			out = append(out, s.status(e))
		}
	}
	return out
}

func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}
