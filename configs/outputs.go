package configs

import (
	"os"
	"path/filepath"
	"slices"

	"corallite/internal/key"
	"corallite/internal/part"
)

// fileClaim is the use of a file or folder.
type fileClaim struct {
	what     string // "what pipelines.door.sinks[0].video writes"
	pipeline string
	kind     string // of a sink; "" if it is read
}

// sameOutputs reports sinks that would write to what another sink writes to, or to what is read.
func (s *layers) sameOutputs(cfg *Config) {
	used := map[string]fileClaim{}
	for _, d := range s.models {
		m := cfg.Models[d.name]
		for _, file := range []string{m.Path, m.EdgeTPU, m.LabelsFile} {
			if file != "" {
				used[realPath(file)] = fileClaim{what: "a file of models." + d.name}
			}
		}
	}
	for _, d := range slices.Concat(s.models, s.pipelines) {
		used[realPath(d.at.file)] = fileClaim{what: "the configuration"}
	}
	for _, name := range cfg.order {
		what := "a source of pipelines." + name
		if r, ok := cfg.Pipelines[name].Source.(part.Reader); ok {
			for _, read := range r.Reads() {
				used[realPath(read)] = fileClaim{what: what}
			}
		}
	}
	below := map[string]string{} // pipelines, by folders that they read with all that is in them
	for _, name := range cfg.order {
		if r, ok := cfg.Pipelines[name].Source.(part.TreeReader); ok {
			for _, dir := range r.ReadsBelow() {
				below[realPath(dir)] = name
			}
		}
	}
	for _, name := range cfg.order {
		for i, sink := range cfg.Pipelines[name].Sinks {
			if w, ok := sink.(part.Writer); ok {
				kind := sink.About().Kind
				at := path{"pipelines", name, "sinks", index(i), kind}
				s.claim(used, at, w.Output(), fileClaim{pipeline: name, kind: kind})
				s.notBelow(below, at, w.Output())
			}
		}
	}
}

// claim records a file or folder for the sink at p.
func (s *layers) claim(used map[string]fileClaim, sink path, out part.Output, u fileClaim) {
	p, file := sink.to(out.Key), out.Path
	where := "standard output"
	if file != "-" {
		where = realPath(file)
		info, err := os.Stat(file)
		switch {
		case err != nil:
		case out.Folder && !info.IsDir():
			s.problem(p, key.CodeWrongType, "%s is a file: expected a folder", file)
			return
		case !out.Folder && info.IsDir():
			s.problem(p, key.CodeWrongType, "%s is a folder: expected a file", file)
			return
		case !out.Folder && !info.Mode().IsRegular():
			return // a device or a pipe, such as /dev/null, can have several writers
		}
	}
	u.what = "the output of " + sink.String()
	other, taken := used[where]
	switch {
	case !taken:
		used[where] = u
	case file == "-" && other.kind == u.kind && other.pipeline != u.pipeline:
		// Lines of several pipelines can share a file.
	default:
		s.problem(p, key.CodeWrongType, "%s is already %s", where, other.what)
	}
}

// notBelow reports a folder for copies that a source would take for new pictures.
func (s *layers) notBelow(read map[string]string, sink path, out part.Output) {
	if !out.Folder {
		return
	}
	where := realPath(out.Path)
	for dir, name := range read {
		if below, err := filepath.Rel(dir, where); err == nil && filepath.IsLocal(below) && below != "." {
			s.problem(sink.to(out.Key), key.CodeWrongType, "%s lies in the folder that pipelines.%s watches with all folders in it: its copies would be taken for new pictures", out.Path, name)
			return
		}
	}
}

// realPath is the absolute path of a file with symbolic links resolved, as far as it exists.
func realPath(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.Clean(file)
	}
	for dir, rest := abs, ""; ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return abs
		}
		dir, rest = parent, filepath.Join(filepath.Base(dir), rest)
	}
}
