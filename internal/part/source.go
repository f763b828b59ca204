package part

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"time"

	"corallite/internal/key"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Source is the configuration of a source: a pointer to the struct of its kind. Its first key has the name of the kind,
// and says what is read; the others go with it. Kinds may have keys of the same name, which must then be described alike.
// A Source is also an Opener of the items that it gives.
type Source interface {
	key.Configurable
	About() AboutSource
}

// AboutSource describes a kind of source.
type AboutSource struct {
	Kind  string // "camera": its key in the configuration
	Gives Items
	Live  bool // it gives items in their own time, and does not end by itself
	Still bool // it gives single pictures that have nothing to do with each other

	// Sounding says that its pictures may come with sound: it is a SoundOpener, and models on sound may be in its pipeline.
	Sounding bool
}

// Opener opens a source of items. When ctx ends, a live source is not waited for any longer: Next does the waiting.
type Opener[T pipeline.Item] interface {
	Open(ctx context.Context, env SourceEnv) (pipeline.Source[T], error)
}

// SoundOpener is a source of pictures that opens the sound of the same files or stream. pictures is the pipeline's source of
// pictures, which was opened with SourceEnv.Sounding; nil: no model takes pictures, and the sound is opened alone. Both have
// the same times.
type SoundOpener interface {
	OpenSound(ctx context.Context, pictures any, env SourceEnv) (audio.Source, error)
}

// Reader is a source that reads files or folders. What it reads no sink may write.
type Reader interface {
	Reads() []string
}

// SourceEnv is what a source gets from the program.
type SourceEnv struct {
	Logger   *slog.Logger
	Stdin    io.Reader // for "-"
	Required bool      // what is not there is an error, and not waited for
	RealTime bool      // recordings play at their own pace: somebody watches

	Sounding bool // pictures: their sound will be opened as well
	Copied   bool // pictures: a sink copies the packets of their sound (SoundCopier)

	Rate  int  // sound: samples a second that the models want
	Gated bool // sound: whether a voice activity detector comes behind it
	// Beside says that the sound is beside pictures whose results go to the same sinks: in short chunks, they come in order.
	Beside bool
}

// DeadlineKey is the key of sources that count as stalled after a while without items; usually says after how many
// seconds when nothing is given.
func DeadlineKey(to *time.Duration, usually string) *key.Field {
	return key.Seconds(to, "deadline").Above(0).Max(3600).DefaultDoc(usually).Example("20").
		Doc("Seconds without data after which the source counts as stalled, and is closed and reopened.")
}

// Seconds writes a duration as a number of seconds.
func Seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }

// TreeReader is a source that reads folders with all that is in them: no copies may go into them.
type TreeReader interface {
	ReadsBelow() []string
}

// RecursiveKey is the key of sources that watch a folder for also watching those in it.
func RecursiveKey(to *bool) *key.Field {
	return key.Bool(to, "recursive").Default(false).Example("true").
		Doc("Whether folders in the folder are watched too, and those in them, also those that are made or moved there later, and links to folders, but no hidden ones.")
}

// Below is a folder if it is read with all that is in it, for TreeReader.
func Below(folder string, recursive bool) []string {
	if !recursive {
		return nil
	}
	return []string{folder}
}

// Warner tells the log of messages.
func (e SourceEnv) Warner() func(message string) {
	if e.Logger == nil {
		return nil
	}
	return func(message string) { e.Logger.Warn(message) }
}
