package life

import (
	"fmt"
	"time"

	"corallite/internal/key"
	"corallite/pipeline"
)

// When says at which moments of a life a sink gets it.
type When string

// The moments.
const (
	Every  When = "every"  // each result
	New    When = "new"    // the first result
	Change When = "change" // the first one, each that changes something, and the end
	End    When = "end"    // the end
)

// The defaults of Options.GoneAfter.
const (
	GoneAfterPictures = 2 * time.Second
	GoneAfterSound    = 5 * time.Second // more than the window of most models of sound
)

// Options are the keys that all sinks have. A sink's configuration embeds them.
type Options struct {
	When        When          // "": Every
	MinInterval time.Duration // between two events with the same label
	GoneAfter   time.Duration // how long a label may be away before its life ends; 0: as is usual for the items
}

// LifeOptions are the options themselves, of whatever embeds them.
func (o *Options) LifeOptions() *Options { return o }

// LifeKeys are the keys, for the tables of those that embed the options.
func (o *Options) LifeKeys() key.Table {
	return key.Table{
		key.String(&o.When, "when").Choices(string(Every), string(New), string(Change), string(End)).DefaultDoc("`every`").Example("new").
			Doc("Which results the sink gets. `every`: all. `new`: an object, a class or a sound once, when it appears. `change`: also when it enters or leaves a zone, crosses a line, gets another class from the secondary model, and when it is gone (`ended`). `end`: once, when it is gone, with its best moment (the picture in which it is large, sharp and certain) and its life in `ended`: start, end, best score, path, zones. With `track` an object is a track, and there once it has its number; otherwise all that has one label is one. A sound that is heard again and again is one event from its start to its end. When the run ends, all that is there ends."),
		key.Seconds(&o.MinInterval, "min_interval").Min(0).Max(86400).DefaultDoc("0").Example("5").
			Doc("Seconds after a result with a label in which the sink gets no other with this label."),
		key.Seconds(&o.GoneAfter, "gone_after").Above(0).Max(3600).DefaultDoc("2, for sound 5").Example("10").
			Doc("Seconds without a label after which it is gone, for `when`. Tracked objects end with their track."),
	}
}

// Active reports whether the options leave anything out.
func (o *Options) Active() bool { return o.When != "" && o.When != Every || o.MinInterval > 0 }

// Best reports whether the sink is told best moments, for which a Gate looks at pictures.
func (o *Options) Best() bool { return o.When == Change || o.When == End }

// Validate checks the options.
func (o *Options) Validate() error {
	switch {
	case o.When != "" && o.When != Every && o.When != New && o.When != Change && o.When != End:
		return fmt.Errorf("when is %q: expected every, new, change or end", o.When)
	case o.MinInterval < 0:
		return fmt.Errorf("min_interval is %v: expected 0 or more", o.MinInterval)
	case o.GoneAfter < 0:
		return fmt.Errorf("gone_after is %v: expected more than 0", o.GoneAfter)
	}
	return nil
}

// Env is what a Gate knows of its pipeline.
type Env struct {
	Sound bool // the items are sound
	// Tracked reports whether a model's objects are tracked. One that has no track yet has no life: it may be nothing, and
	// what it becomes is told when its track begins. nil: none are.
	Tracked func(model string) bool
	// Sharpness is that of a part of an item's picture, xmin, ymin, xmax, ymax in pixels, from 0 to 1; nil: not known.
	Sharpness func(item pipeline.Item, box [4]float32) float64
	// Size is the width and height of an item's picture in pixels; nil: it has none.
	Size func(item pipeline.Item) (width, height int)
}
