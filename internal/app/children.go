package app

import (
	"maps"

	"corallite/internal/doctor"
	"corallite/internal/isolate"
	"corallite/internal/worker"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// ChildHandlers are the parts of the program that run in child processes of its own binary.
func ChildHandlers() map[string]isolate.Handler {
	all := map[string]isolate.Handler{}
	maps.Copy(all, doctor.Handlers())
	maps.Copy(all, worker.Handlers())
	maps.Copy(all, camera.Handlers())
	maps.Copy(all, mic.Handlers())
	return all
}
