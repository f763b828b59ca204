package main

import (
	"maps"

	"corallite/delegate/doctor"
	"corallite/internal/isolate"
)

// childHandlers are the parts of the program that run in child processes of its own binary.
func childHandlers() map[string]isolate.Handler {
	all := map[string]isolate.Handler{}
	maps.Copy(all, doctor.Handlers())
	return all
}
