package configs

import (
	"os"
	"path/filepath"
	"slices"
)

// use is what a file or folder is needed for.
type use struct {
	what     string // "what pipelines.door.sinks[0].video writes"
	pipeline string
	kind     string // of a sink; "" for what is read
}

// sameOutputs reports sinks that would write to what another sink writes, or to what is read.
func (s *settings) sameOutputs(cfg *Config) {
	used := map[string]use{}
	for _, d := range s.models {
		m := cfg.Models[d.name]
		for _, file := range []string{m.Path, m.EdgeTPU, m.LabelsFile} {
			if file != "" {
				used[realPath(file)] = use{what: "a file of models." + d.name}
			}
		}
	}
	for _, d := range slices.Concat(s.models, s.pipelines) {
		used[realPath(d.at.file)] = use{what: "the configuration"}
	}
	for _, name := range cfg.order {
		what := "a source of pipelines." + name
		for _, read := range cfg.Pipelines[name].Source.reads() {
			used[realPath(read)] = use{what: what}
		}
	}
	for _, name := range cfg.order {
		for i, sink := range cfg.Pipelines[name].Sinks {
			p := path{"pipelines", name, "sinks", index(i), sink.Kind}
			if sink.Kind == SinkPreview || sink.Kind == SinkCommand || sink.Kind == SinkWebhook { // no files
				continue
			}
			if sink.Dir != "" {
				s.claim(used, p.to("dir"), sink.Dir, use{pipeline: name, kind: sink.Kind})
			} else {
				s.claim(used, p.to("path"), sink.Path, use{pipeline: name, kind: sink.Kind})
			}
		}
	}
}

// reads are the files and folders that a source reads, and the folders of pictures, into which no copy may go.
func (s Source) reads() []string {
	var out []string
	for _, name := range slices.Concat(s.Images, s.Video) {
		files := []string{name}
		if _, err := os.Stat(name); err != nil {
			files, _ = filepath.Glob(name)
		}
		out = append(out, files...)
	}
	if len(s.Images) > 0 {
		for _, file := range slices.Clone(out) {
			if !isFolder(file) {
				out = append(out, filepath.Dir(file))
			}
		}
	}
	if s.Folder != "" {
		out = append(out, s.Folder)
	}
	return out
}

// claim takes a file or folder for the sink at p.
func (s *settings) claim(used map[string]use, p path, file string, u use) {
	where := "standard output"
	if file != "-" {
		where = realPath(file)
		info, err := os.Stat(file)
		switch isDir := u.kind == SinkPictures; {
		case err != nil:
		case isDir && !info.IsDir():
			s.problem(p, "%s is a file: expected a folder", file)
			return
		case !isDir && info.IsDir():
			s.problem(p, "%s is a folder: expected a file", file)
			return
		case !isDir && !info.Mode().IsRegular():
			return // a device or a pipe, as /dev/null, takes from many
		}
	}
	u.what = "the output of " + p[:len(p)-1].String()
	other, taken := used[where]
	switch {
	case !taken:
		used[where] = u
	case file == "-" && other.kind == u.kind && other.pipeline != u.pipeline:
		// Lines of several pipelines go well together.
	default:
		s.problem(p, "%s is already %s", where, other.what)
	}
}

// realPath is the absolute path of a file with the symbolic links in it followed, as far as it is there.
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
