package configs

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/pipeline/vision"
)

// The tasks that a model can have in a pipeline.
const (
	TaskDetect   = "detect"
	TaskClassify = "classify"
	TaskSegment  = "segment"
	TaskPose     = "pose"
	TaskEmbed    = "embed"
	TaskKeyword  = "keyword"
	TaskWakeword = "wakeword"
)

// soundTasks are the tasks on sound, like vision.Tasks for pictures.
var soundTasks = []struct{ name, doc string }{
	{TaskKeyword, "detects several words"},
	{TaskWakeword, "detects one word with a microWakeWord or openWakeWord model"},
}

// taskNames are the names of all tasks. Every model has them in its table.
var taskNames = sync.OnceValue(func() (names []string) {
	for _, t := range vision.Tasks() {
		names = append(names, t.Name)
	}
	for _, t := range soundTasks {
		names = append(names, t.name)
	}
	return names
})

// taskDocs describe the tasks.
var taskDocs = sync.OnceValue(func() string {
	var pictures, sound []string
	for _, t := range vision.Tasks() {
		pictures = append(pictures, fmt.Sprintf("`%s` %s", t.Name, t.Doc))
	}
	for _, t := range soundTasks {
		sound = append(sound, fmt.Sprintf("`%s` %s", t.name, t.doc))
	}
	return "What the model does: " + strings.Join(pictures, ", ") + ". On sound, " + strings.Join(sound, ", and ") + "."
})

// namePattern is the syntax of the names of models and pipelines. Names occur in events, in environment variables and
// in paths with dots.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const nameLooks = "a name of letters (a to z), digits, _, - and ., which begins with a letter or digit and has at most 64 of them"

// root is the table of all keys, with the parts of the program. It is never changed. It is made when it is first used: a
// program may add delegates in its init functions, and child processes never need it.
var root = sync.OnceValue(func() *key.Key { return table(parts.All()) })

// table is the table of all keys for a configuration that can use these parts.
func table(all parts.Lists) *key.Key {
	return &key.Key{Kind: key.KindGroup, Keys: append([]*key.Key{
		{
			Name: "models", Kind: key.KindNamed, Keys: new(Model).Keys().Keys(),
			Doc: "The models that pipelines can use, by names that you choose. The name stands in every event as `model`.",
		},
		{
			Name: "pipelines", Kind: key.KindNamed, Keys: pipelineKeys(all),
			Doc: "What runs: each pipeline takes pictures or sound from a source through its models to its sinks. All pipelines of all files run at the same time. The name stands in every event as `pipeline`. Only with `serve` a configuration may have none.",
		},
	}, append(new(Config).groups().Keys(), serviceKeys(all.Services)...)...)}
}

// groups are the keys that occur once in a configuration.
func (c *Config) groups() key.Table {
	return key.Table{
		key.Group(&c.EdgeTPU, "edgetpu").Doc("The Edge TPU runtime, and what holds for all devices."),
		key.Group(&c.Log, "log").Doc("What is written to standard error."),
	}
}

// EdgeTPU are the settings of the Edge TPU's runtime.
type EdgeTPU struct {
	Library     string   // path of libedgetpu; "": its usual names
	Performance string   // low, medium, high or max; "": libedgetpu's
	Heat        string   // throttle, cpu or off
	Env         []string // names of environment variables that its processes get too
}

// Keys describes the keys of the runtime.
func (e *EdgeTPU) Keys() key.Table {
	return key.Table{
		key.String(&e.Library, "library").DefaultDoc("`libedgetpu.so.1`, as the system finds it").Example("/opt/edgetpu/libedgetpu.so.1").
			Doc("The path of libedgetpu, or its name for the system to find. `CORALLITE_LIBEDGETPU` in the environment does the same for every command; this key comes before it. Where it cannot be loaded the log says why, and `delegate: auto` uses the CPU."),
		key.String(&e.Performance, "performance").Choices("low", "medium", "high", "max").DefaultDoc("libedgetpu's, which is `max`").Example("medium").
			Doc("The devices' clock: the faster, the more power and heat."),
		key.String(&e.Heat, "heat").Choices("throttle", "cpu", "off").FormerChoices(map[string]string{"shed": "throttle"}).Default("throttle").Example("cpu").
			Doc("What is done before a PCIe device reaches its first trip point, where its own protection begins: `throttle` lets it rest between runs, the longer the hotter, and moves the models to the CPU when that does not help; `cpu` moves them at once; `off` only logs. Below, all goes back. USB devices show no temperature."),
		key.Strings(&e.Env, "env").DefaultDoc("none").Example("[LIBUSB_DEBUG, EDGETPU_TRACE]").
			Doc("Names of environment variables that the processes with libedgetpu get beside the usual ones."),
	}
}

// Log configures logging.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // text or json
}

// Keys describes the keys of the log.
func (l *Log) Keys() key.Table {
	return key.Table{
		key.String(&l.Level, "level").Choices("debug", "info", "warn", "error").Default("info").Example("warn").
			Doc("The least important messages that are logged. `--log` on the command line comes before it."),
		key.String(&l.Format, "format").Choices("text", "json").Default("text").Example("json").
			Doc("How the messages are written: `text`, or `json` for a line of JSON for each. `--log-format` on the command line comes before it."),
	}
}
