package mic

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"corallite/internal/channels"
	"corallite/internal/english"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// MicrophoneConfig is the configuration of a microphone.
type MicrophoneConfig struct {
	Microphone string        // as MicrophoneOptions.Name
	Channel    string        // as there
	Deadline   time.Duration // as there
}

// About describes the source as part of a configuration.
func (c *MicrophoneConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "microphone", Gives: part.Sound, Live: true}
}

// Keys are the keys of the configuration.
func (c *MicrophoneConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.Microphone, "microphone").Example("USB Audio Device").
			Doc("A microphone: `default`, its name or a part of it, or its id, as `corallite devices` prints them. One that is unplugged, or not there yet, is waited for."),
		channels.Key(&c.Channel),
		part.DeadlineKey(&c.Deadline, part.Seconds(defaultDeadline)),
	}
}

// Open opens the microphone.
func (c *MicrophoneConfig) Open(ctx context.Context, env part.SourceEnv) (pipeline.Source[*audio.Chunk], error) {
	m, err := NewMicrophone(ctx, MicrophoneOptions{
		Name: c.Microphone, Rate: env.Rate, Channel: c.Channel, Deadline: c.Deadline, Required: env.Required, Logger: env.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("microphone %q: %w", c.Microphone, err)
	}
	return m, nil
}

// SoundConfig is the configuration of recordings, or of raw samples on standard input.
type SoundConfig struct {
	Sound   []string // files and patterns; "-" is standard input
	Channel string   // as FilesOptions.Channel

	Format   string // of standard input: one of Formats; "": s16le
	Rate     int    // of standard input, samples a second; 0: 16000
	Channels int    // of standard input; 0: 1
}

// standardInputRate is the rate of standard input when nothing is said.
const standardInputRate = 16000

// The chunks of a recording: long ones let each model run for a while before the next one's code and weights take the
// processor's caches; a voice activity detector opens and closes with whole chunks.
const (
	longChunk  = 2 * time.Second
	shortChunk = 100 * time.Millisecond
)

// About describes the source as part of a configuration.
func (c *SoundConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "sound", Gives: part.Sound}
}

// Keys are the keys of the configuration.
func (c *SoundConfig) Keys() key.Table {
	return key.Table{
		key.Strings(&c.Sound, "sound").Example(`["calls/*.wav"]`).
			Doc("Recordings, and the sound of videos: WAV, FLAC, MP3, MP4 and whatever else ffmpeg's libraries read; folders of them, or patterns. A video whose pictures are the `video` of another pipeline has the same times in both. `-` is raw samples on standard input: `arecord -f S16_LE -r 16000 -t raw | corallite run …`. Ends after the last."),
		channels.Key(&c.Channel),
		key.String(&c.Format, "format").Choices("u8", "s16le", "s24le", "s32le", "f32le").DefaultDoc("s16le").Example("f32le").
			Doc("With `sound: \"-\"`: the format of a sample."),
		key.Int(&c.Rate, "rate").Min(1000).Max(768000).DefaultDoc("16000").Example("48000").
			Doc("With `sound: \"-\"`: samples per second."),
		key.Int(&c.Channels, "channels").Min(1).Max(64).DefaultDoc("1").Example("2").
			Doc("With `sound: \"-\"`: the number of channels."),
	}
}

// Check reports files that are not there, and keys that only standard input has.
func (c *SoundConfig) Check(in part.Check) {
	stdin := slices.Contains(c.Sound, "-")
	if stdin && len(c.Sound) > 1 {
		in.Report(key.CodeConflict, "sound", "", "standard input (-) must be the only entry: put the files in a pipeline of their own")
	}
	for i, file := range c.Sound {
		if file != "-" {
			part.CheckFileAt(in, "sound", i, file, true)
		}
	}
	if n, err := channels.Parse(c.Channel); err == nil && stdin && n > max(c.Channels, 1) {
		in.Report(key.CodeOutOfRange, "channel", "", fmt.Sprintf("standard input has %s: set channels to what it really has", english.Count(max(c.Channels, 1), "channel")))
	}
	for name, given := range map[string]bool{"format": c.Format != "", "rate": c.Rate != 0, "channels": c.Channels != 0} {
		if given && !stdin {
			in.Report(key.CodeConflict, name, "", `only applies to sound: "-"; files state it themselves`)
		}
	}
}

// Open opens the recordings or standard input.
func (c *SoundConfig) Open(_ context.Context, env part.SourceEnv) (pipeline.Source[*audio.Chunk], error) {
	if slices.Contains(c.Sound, "-") {
		// It may be a microphone's sound, which is not to grow old, or a file's, of which nothing is to be lost: short
		// chunks, and whoever writes waits.
		return asSource(NewPCM(PCMOptions{
			Reader: env.Stdin, Format: c.Format, SourceRate: cmp.Or(c.Rate, standardInputRate), Channels: c.Channels, Channel: c.Channel,
			Rate: env.Rate, Chunk: 20 * time.Millisecond, Logger: env.Logger,
		}))
	}
	return asSource(c.OpenRecordings(env))
}

// OpenRecordings opens the recordings, none of which is standard input.
func (c *SoundConfig) OpenRecordings(env part.SourceEnv) (audio.Source, error) {
	o := fileOptions(env, c.Channel)
	o.Paths = c.Sound
	return NewFiles(o)
}

// fileOptions are the options of recordings in files.
func fileOptions(env part.SourceEnv, channel string) FilesOptions {
	chunk := longChunk
	if env.Gated || env.Beside {
		chunk = shortChunk
	}
	return FilesOptions{Rate: env.Rate, Chunk: chunk, Channel: channel, Logger: env.Logger}
}

// asSource is a source, or an error and no source.
func asSource[S audio.Source](s S, err error) (pipeline.Source[*audio.Chunk], error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
