package annotate

import (
	"context"
	"fmt"
	"regexp"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
)

// About describes the sink as part of a configuration.
func (o *PicturesOptions) About() part.AboutSink {
	return part.AboutSink{Kind: "pictures", Takes: part.Pictures, Doc: "Copies of the pictures with the results drawn in."}
}

// Keys are the keys of the configuration.
func (o *PicturesOptions) Keys() key.Table {
	return append(key.Table{
		key.String(&o.Dir, "dir").Required().Example("found").
			Doc("The folder, which is created if it does not exist. One process at a time writes into it."),
		overwriteKey(&o.Overwrite),
		part.QueueKey(&o.Queue),
	}, o.LifeKeys()...)
}

// Output is the folder.
func (o *PicturesOptions) Output() part.Output {
	return part.Output{Key: "dir", Path: o.Dir, Folder: true}
}

// QueueLength is the maximum number of queued results.
func (o *PicturesOptions) QueueLength() int { return o.Queue }

// Open makes the sink.
func (o *PicturesOptions) Open(_ context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	opened := *o
	opened.Notice = KeptNotice(env.Tell, "overwrite: true")
	return NewPictures(opened)
}

// About describes the sink as part of a configuration.
func (o *VideoOptions) About() part.AboutSink {
	return part.AboutSink{Kind: "video", Takes: part.Pictures, Doc: "A video with the results drawn in."}
}

// Keys are the keys of the configuration.
func (o *VideoOptions) Keys() key.Table {
	return append(key.Table{
		key.String(&o.Path, "path").Required().Pattern(videoPattern, "a file name that ends in .mp4").Example("found.mp4").
			Doc("The file, whose name ends in `.mp4`. Further videos of the source go beside it: `found-2.mp4`. The sound of a `video` or `url` is copied into it as it is where MP4 holds its codec (AAC, MP3, Opus, FLAC and others), and else encoded as AAC (G.711, which many cameras send, PCM), which is said; so is what cannot be (more than two channels)."),
		key.Bool(&o.Mute, "mute").Default(false).Example("true").
			Doc("Leave the sound out."),
		overwriteKey(&o.Overwrite),
		part.QueueKey(&o.Queue),
	}, o.LifeKeys()...)
}

var videoPattern = regexp.MustCompile(`.\.[mM][pP]4$`)

// Output is the file.
func (o *VideoOptions) Output() part.Output { return part.Output{Key: "path", Path: o.Path} }

// QueueLength is the maximum number of queued results.
func (o *VideoOptions) QueueLength() int { return o.Queue }

// Open makes the sink.
func (o *VideoOptions) Open(_ context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	opened := *o
	opened.Live, opened.Tell, opened.Notice = env.Live, env.Tell, KeptNotice(env.Tell, "overwrite: true")
	v, err := NewVideo(opened)
	if source, ok := env.Source.(soundSource); ok && err == nil && opened.Live && !opened.Mute {
		v.writer.listen(source)
	}
	return v, err
}

// CopiesSound implements part.SoundCopier.
func (o *VideoOptions) CopiesSound() bool { return !o.Mute }

func overwriteKey(to *bool) *key.Field {
	return key.Bool(to, "overwrite").Default(false).Example("true").
		Doc("Replace what earlier runs have left. Otherwise it is kept, and new files get a number: `found-2`.")
}

// KeptNotice is a Notice that tells the user that files of earlier runs are kept, and how to replace them.
func KeptNotice(tell func(message string), how string) func(existing, used string) {
	return func(existing, used string) {
		tell(fmt.Sprintf("%s exists and is kept; writing %s (%s replaces it)", existing, used, how))
	}
}
