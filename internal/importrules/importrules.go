// Package importrules has the rules of who may import whom (docs/design.md) in a form that a test checks.
package importrules

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path before every package of the project.
const Module = "corallite"

// Package is a package as described by go list, without test files.
type Package struct {
	ImportPath string
	Dir        string
	Imports    []string
	CgoFiles   []string
}

// may lists which packages of the project those in a folder may import. The longest matching folder counts. A folder
// includes its sub-folders; "" is everything.
var may = map[string][]string{
	"cmd":     {""},
	Module:    {"configs", "models", "delegate", "tflite", "pipeline", "internal"}, // the root package
	"scripts": {""},

	"configs":  {"configs", "models", "pipeline", "internal"},             // their words and defaults; what runs a model is delegate's
	"models":   {"models", "internal", "tflite/tensor", "pipeline/audio"}, // the front end that a model was trained with
	"internal": {"internal"},

	"internal/app":      {"configs", "models", "delegate", "tflite", "pipeline", "internal"},
	"internal/assemble": {"configs", "models", "delegate", "tflite", "pipeline", "internal"},

	"internal/part":  {"internal", "pipeline"}, // what parts of pipelines say of themselves
	"internal/parts": {"internal", "pipeline"},

	"internal/audio": {"internal", "pipeline", "tflite/tensor"},

	"internal/draw":   {"internal", "pipeline"},
	"internal/sink":   {"internal", "pipeline"},
	"internal/web":    {"internal"},
	"internal/life":   {"internal", "pipeline"},
	"internal/moment": {"internal", "pipeline"},
	"internal/zone":   {"internal", "pipeline"},
	"internal/eval":   {"internal", "pipeline"},
	"internal/replay": {"internal", "pipeline"},

	"internal/schema":     {"internal/schema", "tflite/tensor"},
	"internal/flatfile":   {"internal/schema"},
	"internal/inspect":    {"delegate/edgetpu", "tflite", "internal"},
	"internal/tflitemeta": {"internal/flatfile", "internal/tflitefile", "internal/didyoumean", "tflite/tensor"},
	"internal/tflitefile": {"internal/schema", "internal/flatfile", "tflite/tensor"},
	"internal/choice":     {"internal/key"},
	"internal/score":      {"internal/key", "pipeline"},
	"internal/track":      {"internal", "pipeline"},
	"internal/monitor":    {"internal", "pipeline"},
	"internal/wyoming":    {"internal", "pipeline"},
	"internal/serve":      {"internal", "pipeline", "tflite/tensor"},

	"internal/isolate": {"internal/isolate", "internal/environ"}, // for whatever can hang or crash, so it knows nothing of it

	"tflite":               {"tflite", "internal"},
	"tflite/internal/capi": {},
	"tflite/tensor":        {},

	"delegate":         {"delegate", "tflite", "internal"},
	"delegate/edgetpu": {"delegate/edgetpu", "internal"},

	"internal/worker":     {"delegate", "tflite", "internal"},
	"internal/bench":      {"tflite", "internal"},
	"internal/devicepool": {"delegate", "tflite", "internal"},
	"internal/doctor":     {"delegate", "tflite", "internal"},
	"internal/failover":   {"tflite/tensor", "internal/backoff", "internal/clock", "internal/panicerr"}, // any two engines
	"internal/scheduler":  {},
	"internal/heat":       {"delegate/edgetpu", "internal/clock"},
	"internal/pipetest":   {"pipeline", "tflite/tensor", "internal"},
	"internal/vtest":      {"pipeline", "tflite", "internal"},

	"pipeline": {"pipeline", "tflite/tensor", "internal"},
}

// importers says who may import what composes: the packages beside it that everybody may import must not lead to it.
var importers = map[string][]string{
	"internal/app":      {Module, "cmd"},
	"internal/assemble": {Module, "cmd", "internal/app"},

	"internal/choice": {"configs", "delegate", Module, "cmd", "internal/app", "internal/assemble", "internal/devicepool", "internal/worker"},
	"internal/schema": { // pipeline/vision, models: what a model's file says decides what reads its outputs, and what kind it is
		"tflite", "delegate", "pipeline/vision", "models", Module, "cmd", "internal/app", "internal/assemble", "internal/devicepool", "internal/worker",
		"internal/schema", "internal/flatfile", "internal/tflitefile", "internal/inspect",
	},

	"internal/devicepool": {Module, "cmd", "internal/app", "internal/assemble"},
	"internal/doctor":     {"cmd", "internal/app"},
	"internal/worker":     {"internal/app", "internal/bench", "cmd", "internal/assemble", "internal/devicepool", "internal/doctor", "internal/inspect"},
	"internal/heat":       {"internal/assemble", "internal/devicepool"},
	"internal/failover":   {"internal/devicepool"},
	"internal/scheduler":  {"internal/devicepool"},
	"internal/plugin":     {"delegate"},
}

// foreign lists the only folders that may import an outside package.
var foreign = map[string][]string{
	"gocv.io/x/gocv":             {"pipeline", "internal/opencv", "internal/draw", "internal/sink", "cmd", "scripts"},
	"github.com/mattn/go-tflite": {"tflite"},
	"github.com/gen2brain/malgo": {"pipeline/mic/internal/backend/miniaudio"},
	"github.com/brutella/dnssd":  {"internal/wyoming"},
}

// cgo lists the only packages with import "C", besides test helpers.
var cgo = []string{"tflite/internal/capi", "delegate/edgetpu", "internal/plugin", "internal/dynlib", "internal/libav", "internal/yuv", "internal/heif"}

// Wrong returns a message for each import of a package that breaks the rules.
func Wrong(p Package) []string {
	var wrong []string
	complain := func(format string, args ...any) {
		wrong = append(wrong, p.ImportPath+" "+fmt.Sprintf(format, args...))
	}
	name := strings.TrimPrefix(p.ImportPath, Module+"/")
	allowed, ok := allowedFor(name)
	if !ok {
		complain("is in a folder without a rule: add one in internal/importrules and in docs/design.md")
		return wrong
	}
	for _, imported := range p.Imports {
		inside, ours := strings.CutPrefix(imported, Module+"/")
		ours = ours || imported == Module
		switch {
		case ours && !slices.ContainsFunc(allowed, func(folder string) bool { return within(inside, folder) }):
			complain("must not import %s", inside)
		case ours && forTests(inside) && !forTests(name) && !within(name, "scripts"): // which are not shipped
			complain("imports %s, which is for tests", inside)
		case ours && !mayBeImported(inside, name):
			complain("must not import %s, which only %s may", inside, strings.Join(importers[inside], " and "))
		case !ours:
			for path, folders := range foreign {
				if within(imported, path) && !slices.ContainsFunc(folders, func(f string) bool { return within(name, f) }) {
					complain("must not import %s, which belongs to %s", imported, strings.Join(folders, ", "))
				}
			}
		}
	}
	if len(p.CgoFiles) > 0 && !slices.Contains(cgo, name) && !forTests(name) {
		complain("has import \"C\" (%s), which stands in %s only", strings.Join(p.CgoFiles, ", "), strings.Join(cgo, " and "))
	}
	return wrong
}

func allowedFor(name string) (folders []string, ok bool) {
	longest := -1
	for folder, allowed := range may {
		if within(name, folder) && len(folder) > longest {
			longest, folders, ok = len(folder), allowed, true
		}
	}
	return folders, ok
}

// mayBeImported says whether a package may import one, by the rules of importers.
func mayBeImported(imported, by string) bool {
	folders, limited := importers[imported]
	return !limited || slices.ContainsFunc(folders, func(f string) bool { return within(by, f) })
}

// public lists the packages that other modules may import: their doc comments promise Semantic Versioning.
var public = []string{
	Module, "configs", "models",
	"tflite", "tflite/tensor",
	"delegate", "delegate/edgetpu",
	"pipeline", "pipeline/camera", "pipeline/vision", "pipeline/mic", "pipeline/audio",
}

// Public reports whether a package promises to stay compatible; importable, whether other modules can import it at all.
func Public(importPath string) (promised, importable bool) {
	name := strings.TrimPrefix(importPath, Module+"/")
	for _, folder := range []string{"cmd", "scripts", "findings", "internal"} {
		if within(name, folder) {
			return false, false
		}
	}
	importable = !strings.Contains(name, "/internal/") && !forTests(name)
	return slices.Contains(public, name), importable
}

// within reports whether path is folder or below it.
func within(path, folder string) bool {
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

// forTests reports whether only tests import a package: its name ends in "test", or it is the test data.
func forTests(name string) bool {
	return strings.HasSuffix(name, "test") || name == "internal/testdata"
}
