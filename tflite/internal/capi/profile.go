package capi

/*
#include "profile.h"
*/
import "C"

import (
	"unsafe"

	tfl "github.com/mattn/go-tflite"
)

// OpTime is the time of an operator: its graph and its index there, its name, nanoseconds and number of its runs.
type OpTime struct {
	Subgraph, Op int64
	Piece        int64 // of the graph that a delegate runs, from 0; -1: the runtime itself runs the operator
	Name         string
	NS, Runs     uint64
}

// Profile takes the times of the operators of one interpreter, and is freed after it.
type Profile struct{ p *C.cl_profile }

// NewProfile makes an empty profile; nil: no memory.
func NewProfile() *Profile {
	p := C.cl_profile_new()
	if p == nil {
		return nil
	}
	return &Profile{p}
}

// Watch makes the interpreters that are made with the options write to the profile. It reports whether the library can.
func (p *Profile) Watch(o *tfl.InterpreterOptions) bool {
	return bool(C.cl_profile_set(options(o), p.p))
}

// Times are all times since Clear, in the order in which operators ran first.
func (p *Profile) Times() []OpTime {
	var n C.int
	first := C.cl_profile_times(p.p, &n)
	var all []OpTime
	for _, t := range unsafe.Slice(first, int(n)) {
		all = append(all, OpTime{int64(t.subgraph), int64(t.op), int64(t.piece), C.GoString(&t.name[0]), uint64(t.ns), uint64(t.runs)})
	}
	return all
}

// Start is called before each run.
func (p *Profile) Start() { C.cl_profile_start(p.p) }

// Clear forgets all times.
func (p *Profile) Clear() { C.cl_profile_clear(p.p) }

// Free frees the profile.
func (p *Profile) Free() { C.cl_profile_free(p.p) }
