package camera

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"corallite/internal/channels"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
	"corallite/pipeline/vision"
)

// ImagesConfig is the configuration of pictures in files.
type ImagesConfig struct {
	Images []string // files, folders, and patterns as filepath.Glob takes them; what exists under a name is no pattern
	Decode string   // "auto" or "full"; "" is auto
}

// About describes the source as part of a configuration.
func (c *ImagesConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "images", Gives: part.Pictures, Still: true}
}

// Keys are the keys of the configuration.
func (c *ImagesConfig) Keys() key.Table {
	return key.Table{
		key.Strings(&c.Images, "images").Example(`["holiday/*.jpg", cat.png]`).
			Doc("Picture files, folders of pictures, or patterns with `*`, `?` and `[a-z]`: JPEG, PNG, WebP, TIFF, BMP, GIF, PNM, and where libheif is installed HEIC and AVIF. Ends after the last."),
		decodeKey(&c.Decode),
	}
}

// Check reports files that are not there.
func (c *ImagesConfig) Check(in part.Check) { part.CheckFiles(in, "images", c.Images, true) }

// Reads are the files, and their folders: no copy may go there.
func (c *ImagesConfig) Reads() []string {
	files := expand(c.Images)
	for _, file := range slices.Clone(files) {
		if info, err := os.Stat(file); err != nil || !info.IsDir() {
			files = append(files, filepath.Dir(file))
		}
	}
	return files
}

// Open opens the pictures.
func (c *ImagesConfig) Open(context.Context, part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	p, err := NewPictures(c.Images...)
	if err == nil {
		p.ahead.reader.full = c.Decode == decodeFull
	}
	return asSource(p, err)
}

// FolderConfig is the configuration of a folder that is watched for new pictures.
type FolderConfig struct {
	Folder    string
	Recursive bool
	Decode    string // as in ImagesConfig
}

// About describes the source as part of a configuration.
func (c *FolderConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "folder", Gives: part.Pictures}
}

// Keys are the keys of the configuration.
func (c *FolderConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.Folder, "folder").Example("inbox").
			Doc("A folder that is watched: the pictures in it, then each one that is added. Does not end by itself."),
		part.RecursiveKey(&c.Recursive),
		decodeKey(&c.Decode),
	}
}

// Check reports a folder that is not there.
func (c *FolderConfig) Check(in part.Check) { part.CheckFolder(in, "folder", c.Folder) }

// Reads is the folder.
func (c *FolderConfig) Reads() []string { return []string{c.Folder} }

// ReadsBelow is the folder, if those in it are read too.
func (c *FolderConfig) ReadsBelow() []string { return part.Below(c.Folder, c.Recursive) }

// Open begins to watch the folder.
func (c *FolderConfig) Open(_ context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	w, err := NewWatch(c.Folder, WatchOptions{Existing: true, Recursive: c.Recursive, Warn: env.Warner()})
	if err == nil {
		w.ahead.reader.full = c.Decode == decodeFull
	}
	return asSource(w, err)
}

// VideoConfig is the configuration of video files.
type VideoConfig struct {
	Video  []string // files and patterns, as in ImagesConfig
	Decode string   // of pictures among them, as in ImagesConfig

	Channel  string // of the sound, as mic.FilesOptions.Channel
	Hardware string // as LiveOptions.Hardware
}

// About describes the source as part of a configuration.
func (c *VideoConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "video", Gives: part.Pictures, Sounding: true}
}

// Keys are the keys of the configuration.
func (c *VideoConfig) Keys() key.Table {
	return key.Table{
		key.Strings(&c.Video, "video").Example("street.mp4").
			Doc("A video file or a pattern, or several, one after the other. Ends after the last. Models on sound hear its sound: events of pictures and sound have the same times."),
		decodeKey(&c.Decode),
		channels.Key(&c.Channel),
		hardwareKey(&c.Hardware),
	}
}

// Check reports files that are not there.
func (c *VideoConfig) Check(in part.Check) { part.CheckFiles(in, "video", c.Video, false) }

// Reads are the files.
func (c *VideoConfig) Reads() []string { return expand(c.Video) }

// Open opens the files. Where somebody watches they play at their own pace.
func (c *VideoConfig) Open(_ context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	f, err := NewFiles(c.Video...)
	if err == nil {
		f.ahead.reader.full = c.Decode == decodeFull
		f.options = VideoOptions{Hardware: c.Hardware, Logger: env.Logger}
	}
	if err == nil && env.RealTime && !f.Still() {
		return NewPaced(f, nil), nil
	}
	return asSource(f, err)
}

// OpenSound opens the sound of the files that are videos. Its times are those of their frames, and it plays with them where
// they play at their own pace.
func (c *VideoConfig) OpenSound(_ context.Context, pictures any, env part.SourceEnv) (audio.Source, error) {
	files, err := pictureFiles.Expand(c.Video)
	if err != nil {
		return nil, err
	}
	videos := slices.DeleteFunc(files, func(path string) bool { return !isVideo(path) })
	if len(videos) == 0 {
		return nil, errors.New("pictures have no sound: for models on sound name a video")
	}
	sound, err := (&mic.SoundConfig{Sound: videos, Channel: c.Channel}).OpenRecordings(env)
	if paced, ok := pictures.(*Paced); ok && err == nil {
		return paced.sound(sound), nil
	}
	return sound, err
}

func decodeKey(to *string) *key.Field {
	return key.String(to, "decode").Choices(decodeAuto, decodeFull).Default(decodeAuto).Example("full").
		Doc("How JPEG files are decoded. `auto`: to 1/2, 1/4 or 1/8 of their width and height where what is left is at least three times the models' input, which takes a fraction of the time and memory and changes scores a little; `full` where a sink draws, with `secondary` and with `motion`. `full`: always all of it. Results are in pixels of the picture either way.")
}

// asSource is a source, or an error and no source.
func asSource[S pipeline.Source[*vision.Frame]](s S, err error) (pipeline.Source[*vision.Frame], error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// expand puts the files of patterns in the place of the patterns.
func expand(names []string) []string {
	var out []string
	for _, name := range names {
		files := []string{name}
		if _, err := os.Stat(name); err != nil {
			files, _ = filepath.Glob(name)
		}
		out = append(out, files...)
	}
	return out
}
