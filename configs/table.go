package configs

import (
	"regexp"
	"slices"
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

// The kinds of sinks.
const (
	SinkJSONL    = "jsonl"
	SinkTable    = "table"
	SinkPictures = "pictures"
	SinkVideo    = "video"
	SinkPreview  = "preview"
	SinkCommand  = "command"
	SinkWebhook  = "webhook"
)

// namePattern is what the name of a model or a pipeline must look like. Names stand in events, in environment
// variables and in paths with dots.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const nameLooks = "a name of letters (a to z), digits, _, - and ., which begins with a letter or digit and has at most 64 of them"

// root is the table of all keys. It is never changed.
var root = &key{
	kind: group,
	keys: []*key{
		{
			name: "models", kind: named, keys: slices.Concat(modelKeys, soundModelKeys),
			excluding: [][]string{{"category_allowlist", "category_denylist"}, {"edgetpu", "segments"}, {"anchors", "head"}, {"manifest", "melspectrogram"}}, together: [][]string{{"mean", "std"}, {"width", "height"}, {"melspectrogram", "embedding"}},
			doc: "The models that pipelines can use, by names that you choose. The name stands in every event as `model`.",
		},
		{
			name: "pipelines", kind: named, keys: pipelineKeys, required: true,
			doc: "What runs: each pipeline takes pictures or sound from a source through its models to its sinks. All pipelines of all files run at the same time. The name stands in every event as `pipeline`.",
		},
		{name: "edgetpu", kind: group, doc: "The Edge TPU runtime, and what holds for all devices.", keys: []*key{
			{
				name: "library", kind: text, example: "/opt/edgetpu/libedgetpu.so.1", defDoc: "`libedgetpu.so.1`, as the system finds it",
				doc: "The path of libedgetpu, or its name for the system to find. `CORALLITE_LIBEDGETPU` in the environment does the same for every command; this key comes before it. Where it cannot be loaded the log says why, and `delegate: auto` uses the CPU.",
			},
			{
				name: "performance", kind: text, choices: []string{"low", "medium", "high", "max"}, example: "medium", defDoc: "libedgetpu's, which is `max`",
				doc: "The devices' clock: the faster, the more power and heat.",
			},
			{
				name: "heat", kind: text, choices: []string{"shed", "cpu", "off"}, def: "shed", example: "cpu",
				doc: "What is done before a PCIe device reaches its first trip point, where its own protection begins: `shed` lets it rest between runs, the longer the hotter, and moves the models to the CPU when that does not help; `cpu` moves them at once; `off` only logs. Below, all goes back. USB devices show no temperature.",
			},
		}},
		{name: "log", kind: group, doc: "What is written to standard error.", keys: []*key{
			{
				name: "level", kind: text, choices: []string{"debug", "info", "warn", "error"}, def: "info", example: "warn",
				doc: "The least important messages that are logged. `--log` on the command line comes before it.",
			},
			{
				name: "format", kind: text, choices: []string{"text", "json"}, def: "text", example: "json",
				doc: "How the messages are written: `text`, or `json` for a line of JSON for each. `--log-format` on the command line comes before it.",
			},
		}},
	},
}
