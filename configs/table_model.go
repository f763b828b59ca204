package configs

import (
	"regexp"
	"slices"

	"corallite/internal/choice"
	"corallite/internal/key"
	"corallite/internal/track"
	"corallite/pipeline/audio"
	"corallite/pipeline/vision"
)

// Types of a model's settings.
type (
	DelegateChoice = choice.Choice  // what may run a model, in the order in which it is tried; package delegate opens models by it
	SoundSettings  = audio.Settings // of models for sound
	SoundGroup     = audio.SoundGroup
	Features       = audio.Features // how sound becomes a model's input
	TrackOptions   = track.Options  // how objects are followed from frame to frame
)

// Model is a model that pipelines use. Keys describes each key; docs/configuration.md is made from it.
type Model struct {
	Path       string   // of the file that was found
	EdgeTPU    string   // of the compiled model if given; "": look beside Path
	Segments   []string // the compiled model in parts, in order, instead of EdgeTPU
	LabelsFile string   // where Labels are from; "" if from the YAML or the catalog

	Delegate  DelegateChoice
	Device    string
	Isolate   *bool   // nil: on an Edge TPU
	Deadline  float64 // seconds; 0: from measured times
	Threads   int     // 0: automatic
	Engines   int     // 0: automatic
	Signature string  // to run; "": the main graph

	vision.Settings               // Task and its settings; score.Settings apply to sound as well
	Track           *TrackOptions // detect: options of tracking; nil: off
	SoundSettings                 // for tasks on sound

	// From the catalog, not in YAML.
	Catalog string // name in the catalog; "" if unknown there
	Subject string // embed: what it was trained to distinguish, one of models.Subjects; "": unknown
}

// Keys describes the keys of a model, in the order in which they are documented and shown.
func (m *Model) Keys() key.Table {
	return slices.Concat(m.ownKeys(), m.Settings.Keys(), key.Table{
		key.OptionalGroup(&m.Track, "track").Switch().Example("{max_lost: 2.5}").Tasks(TaskDetect).
			Doc("For detectors: objects are tracked from frame to frame under the same number (`track`). Events say which objects are new, and which are lost (`ended`)."),
	}, m.SoundSettings.Keys())
}

// ownKeys are the keys of files, and of what runs the model.
func (m *Model) ownKeys() key.Table {
	return key.Table{
		key.String(&m.Path, "path").Required().Example("ssd_mobilenet_v1_coco_quant.tflite").
			Doc("The .tflite file, or the name of a model in the catalog (`corallite models list`). [Paths](#paths) says where files are searched."),
		key.String(&m.EdgeTPU, "edgetpu").Example("ssd_mobilenet_v1_coco_quant_edgetpu.tflite").DefaultDoc("`X_edgetpu.tflite` beside `X.tflite`, if it exists").
			Doc("The same model compiled for the Edge TPU."),
		key.Strings(&m.Segments, "segments").Excludes("edgetpu").Example("[ssd_segment_0_of_2_edgetpu.tflite, ssd_segment_1_of_2_edgetpu.tflite]").DefaultDoc("none").
			Doc("The same model split by the Edge TPU compiler (`--num_segments`), in order. Each segment runs on its own device, as far as there are devices, so that they work on different pictures at the same time. Not together with `edgetpu`."),
		key.Bind(key.Key{
			Name: "labels", Kind: key.KindStringList, ScalarIsDistinct: true, Example: "coco_labels.txt", DefaultDoc: "the catalog's; otherwise those packed into the model file; otherwise none, and results have only class numbers",
			Doc: "A file with one label per line, in the order of the model's classes, or the labels themselves as a list.",
		}, m.setLabels, m.givenLabels),
		key.String(&m.Task, "task").Choices(taskNames()...).Example(TaskDetect).DefaultDoc("the catalog's; required for models that it does not know").
			Doc(taskDocs()),
		key.Bind(*delegateKey(), m.setDelegate, func() any { return shownChoice(m.Delegate) }),
		key.String(&m.Device, "device").Default("").ShowZero().Example("usb:0").
			Pattern(devicePattern, `"" (any), usb, pci, :N, usb:N, pci:N (N from 0), a name such as usb:2-1 or pci:0000:01:00.0, or a path such as /dev/apex_0`).
			Doc("Which Edge TPU: `usb`, `pci`, `:1` (the second of all), `usb:0` (the first on USB), or its name or path as printed by `corallite devices`. Names are stable: the USB port (`usb:2-1`), the PCI address (`pci:0000:01:00.0`), the chip's own number (`apex:…`). Empty: all devices that no other model names, in parallel."),
		key.Optional(&m.Isolate, "isolate").Example("false").DefaultDoc("true on an Edge TPU, false on the CPU").
			Doc("Whether the model runs in a child process, so that a crash or hang of native code does not affect the program: the model falls back to the CPU, and returns when the process works again."),
		key.Number(&m.Deadline, "deadline").Above(0).Max(3600).Example("2.5").DefaultDoc("20 times the duration of its runs, at least 1 s").
			Doc("Seconds after which a run in a child process counts as hanging; at least 10 for the first run, which loads the model's parameters onto the device."),
		key.Int(&m.Threads, "threads").Flag("CPU threads of each model (default: automatic)").Min(0).Max(256).Default(0).ShowZero().Example("2").
			Doc("CPU threads per run of the model, at most the number of processors. 0: automatic."),
		key.Int(&m.Engines, "engines").Min(0).Max(64).Default(0).ShowZero().Example("2").
			Doc("Number of copies of the model that run in parallel, each on its own picture. 0: automatic."),
		key.String(&m.Signature, "signature").Flag("signature of the model to run (default: the main graph)").Example("serving_default").DefaultDoc("the main graph; required if several signatures lead to different graphs").
			Doc("The key of the model's signature to run. Its inputs and outputs then have the signature's names."),
	}
}

var devicePattern = regexp.MustCompile(`^(|usb|pci|(usb|pci)?:[0-9]{1,4}|usb:[0-9]+-[0-9.]+|pci:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|apex:[0-9A-Za-z]+|((usb|pci):)?/.+)$`)

// setLabels takes the labels themselves, or the name of the file that has them.
func (m *Model) setLabels(value any) {
	m.Labels, _ = value.([]string)
	m.LabelsFile, _ = value.(string)
}

func (m *Model) givenLabels() any {
	switch {
	case m.LabelsFile != "":
		return m.LabelsFile
	case len(m.Labels) > 0:
		return m.Labels
	}
	return nil
}

// setDelegate takes the validator's result; the default is a word.
func (m *Model) setDelegate(value any) { m.Delegate, _ = value.(choice.Choice) }
