package configs

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/key"
	"corallite/internal/redact"
	"corallite/internal/regfile"
)

// Source is where pictures or sound come from: one of the first nine is given.
type Source struct {
	Images    []string `yaml:"images,flow,omitempty"` // files, folders of pictures, and patterns as filepath.Glob takes them; what exists under a name is no pattern
	Folder    string   `yaml:"folder,omitempty"`      // watched for new pictures
	Video     []string `yaml:"video,flow,omitempty"`  // files and patterns, likewise
	Camera    string   `yaml:"camera,omitempty"`      // a number, a path or a name
	URL       string   `yaml:"url,omitempty"`         // may have ${NAME} of the environment in it
	GStreamer string   `yaml:"gstreamer,omitempty"`
	FFmpeg    []string `yaml:"ffmpeg,flow,omitempty"` // arguments

	Microphone string   `yaml:"microphone,omitempty"` // "default", a name or an id
	Sound      []string `yaml:"sound,flow,omitempty"` // files and patterns; "-" is standard input

	Width       int     `yaml:"width,omitempty"` // of a Camera; 0: as it is, Height too
	Height      int     `yaml:"height,omitempty"`
	FPS         float64 `yaml:"fps,omitempty"`          // of a Camera
	PixelFormat string  `yaml:"pixel_format,omitempty"` // of a Camera
	Interval    float64 `yaml:"interval,omitempty"`     // seconds, of a URL with single pictures

	// Of a URL. The secrets themselves are not here.
	User           string `yaml:"user,omitempty"`
	PasswordEnv    string `yaml:"password_env,omitempty"`
	PasswordFile   string `yaml:"password_file,omitempty"`
	TokenEnv       string `yaml:"token_env,omitempty"`
	AnyCertificate bool   `yaml:"any_certificate,omitempty"`

	// Of Sound that is standard input.
	Format   string `yaml:"format,omitempty"` // "": s16le
	Rate     int    `yaml:"rate,omitempty"`   // 0: 16000
	Channels int    `yaml:"channels,omitempty"`

	Env []string `yaml:"env,flow,omitempty"` // names of variables of the environment for what reads a live source

	Deadline float64 `yaml:"deadline,omitempty"` // seconds without a frame; 0: chosen
}

// Live says whether the source gives pictures in its own time.
func (s Source) Live() bool {
	return s.Camera != "" || s.URL != "" || s.GStreamer != "" || len(s.FFmpeg) > 0
}

// source reads where pictures come from. A later layer's source takes the place of an earlier one's: with images in
// the file, --set pipelines.P.source.video=V means the video.
func (s *layers) source(p path, k *key.Key) Source {
	var out Source
	if s.bad[p.viper()] {
		return out
	}
	chosen, ok := s.chosen(p, k)
	if !ok {
		return out
	}
	values := map[string]any{chosen: s.get(p.to(chosen))}
	for _, c := range k.Keys {
		at := p.to(c.Name)
		switch {
		case c.Requires == nil:
		case s.bad[at.viper()]:
			return out
		case slices.Contains(c.Requires, chosen):
			if v := s.get(at); v != nil {
				values[c.Name] = v
			}
		case s.layer(at) < s.layer(p.to(chosen)): // of the source that another took the place of
		case s.layer(at) != nowhere:
			s.problem(at, key.CodeConflict, "only applies to %s, but the source is %s", joinWords(c.Requires), chosen)
		}
	}
	s.decode(values, &out, p)
	s.sourceRules(p, k, chosen)
	s.checkSource(p, out)
	return out
}

// chosen is the one key that says what kind of source it is.
func (s *layers) chosen(p path, k *key.Key) (string, bool) {
	var names, given []string
	best := nowhere
	for _, c := range k.Keys {
		if c.Requires != nil {
			continue
		}
		names = append(names, c.Name)
		at := p.to(c.Name)
		switch l := s.layer(at); {
		case s.bad[at.viper()]:
			return "", false
		case l > best:
			given, best = []string{c.Name}, l
		case l == best && l != nowhere:
			given = append(given, c.Name)
		}
	}
	switch len(given) {
	case 0:
		s.problem(p, key.CodeMissingKey, "required key is missing: expected one of %s", joinWords(names))
	case 1:
		return given[0], true
	default:
		s.problem(p.to(given[1]), key.CodeConflict, "%s is set as well: expected only one of %s", given[0], joinWords(names))
	}
	return "", false
}

// sourceRules reports companions that exclude or need each other.
func (s *layers) sourceRules(p path, k *key.Key, chosen string) {
	for _, c := range k.Keys {
		if slices.Contains(c.Requires, chosen) {
			s.checkSiblings(p, c, func(name string) bool { return s.given(p, name) })
		}
	}
}

// checkSource looks whether what a source names is there. Cameras and addresses are not asked: they may come later.
func (s *layers) checkSource(p path, out Source) {
	if out.Folder != "" && !isFolder(out.Folder) {
		s.problem(p.to("folder"), key.CodeMissingFile, "there is no folder %s", out.Folder)
	}
	if slices.Contains(out.Sound, "-") && len(out.Sound) > 1 {
		s.problem(p.to("sound"), key.CodeConflict, "standard input (-) must be the only entry: put the files in a pipeline of their own")
	}
	for _, name := range []string{"format", "rate", "channels"} {
		if len(out.Sound) > 0 && !slices.Contains(out.Sound, "-") && s.given(p, name) {
			s.problem(p.to(name), key.CodeConflict, `only applies to sound: "-"; files state it themselves`)
		}
	}
	for kind, names := range map[string][]string{"images": out.Images, "video": out.Video, "sound": out.Sound} {
		for i, file := range names {
			if kind == "sound" && file == "-" {
				continue
			}
			if message := missing(file, kind); message != "" {
				s.problem(s.item(p.to(kind), i), key.CodeMissingFile, "%s", message)
			}
		}
	}
	if out.URL != "" && !s.notSet(p.to("url"), environ.Variables(out.URL)) {
		if message := wrongURL(out.URL); message != "" {
			s.problem(p.to("url"), key.CodeInvalid, "%s", message)
		}
	}
	s.reader(p.to("gstreamer"), out.GStreamer, redact.InPipeline(out.GStreamer))
	s.reader(p.to("ffmpeg"), strings.Join(out.FFmpeg, " "), redact.InArguments(out.FFmpeg))
	for name, variable := range map[string]string{"password_env": out.PasswordEnv, "token_env": out.TokenEnv} {
		if variable != "" {
			s.notSet(p.to(name), []string{variable})
		}
	}
	s.variables(p.to("env"), out.Env)
	if out.PasswordFile != "" && !isFile(out.PasswordFile) {
		s.problem(p.to("password_file"), key.CodeMissingFile, "there is no file %s", out.PasswordFile)
	}
}

// wrongURL says what is wrong with an address, without what may be secret in it; "" when nothing is.
func wrongURL(address string) string {
	u, err := url.Parse(environ.Replace(address, "0"))
	switch {
	case err != nil:
		return "is not a URL: expected one such as rtsp://192.168.1.20/stream1"
	case u.Scheme == "" || u.Host == "":
		return "is not a URL: expected one that begins with rtsp://, http:// or the like and has a host"
	}
	if what := redact.Written(redact.InAddress(address)); what != "" {
		return redact.InFile(what, "use user and password_env or password_file, or write ${NAME}, an environment variable, in its place")
	}
	return ""
}

// missing says what is wrong with a name of a source of that kind ("images", "video" or "sound"): a file, a pattern, or a folder
// of them. It is "" when there is something of that name.
func missing(name, kind string) string {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir() && kind == "video":
		return fmt.Sprintf("%s is a folder: expected a file", name)
	case err == nil:
		return ""
	case !strings.ContainsAny(name, "*?["):
		return fmt.Sprintf("cannot be read: %s: %v", name, regfile.Cause(err))
	}
	matches, err := filepath.Glob(name)
	switch {
	case err != nil:
		return fmt.Sprintf("%s is not a valid pattern: %v", name, err)
	case !slices.ContainsFunc(matches, isFile):
		return "no file matches " + name
	}
	return ""
}
