package mic

import (
	"context"

	"corallite/internal/channels"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// FolderConfig is the configuration of a folder that is watched for new recordings.
type FolderConfig struct {
	Folder    string
	Recursive bool
	Channel   string // as FilesOptions.Channel
}

// About describes the source as part of a configuration.
func (c *FolderConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "sound_folder", Gives: part.Sound}
}

// Keys are the keys of the configuration.
func (c *FolderConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.Folder, "sound_folder").Example("recordings").
			Doc("A folder that is watched: the recordings in it, then each one that is added, when it is complete: unchanged for a second, and no program has it open for writing (of files of other users and on network drives nobody can tell, so move them there when they are complete). Does not end by itself."),
		part.RecursiveKey(&c.Recursive),
		channels.Key(&c.Channel),
	}
}

// Check reports a folder that is not there.
func (c *FolderConfig) Check(in part.Check) { part.CheckFolder(in, "sound_folder", c.Folder) }

// Reads is the folder.
func (c *FolderConfig) Reads() []string { return []string{c.Folder} }

// ReadsBelow is the folder, if those in it are read too.
func (c *FolderConfig) ReadsBelow() []string { return part.Below(c.Folder, c.Recursive) }

// Open begins to watch the folder.
func (c *FolderConfig) Open(_ context.Context, env part.SourceEnv) (pipeline.Source[*audio.Chunk], error) {
	return asSource(NewWatch(c.Folder, WatchOptions{FilesOptions: fileOptions(env, c.Channel), Existing: true, Recursive: c.Recursive, Warn: env.Warner()}))
}
