package tflite

import "sync/atomic"

var live, leaked atomic.Int64

// models and caches are the shared objects (of Model, of Weights) that are not freed, for tests.
var models, caches atomic.Int64

// Live is the number of interpreters of this process that are open: made and not closed.
func Live() int { return int(live.Load()) }

// Leaked is the number of interpreters and models that were collected as garbage without Close. Their C objects stay,
// as views of their memory may be in use; so the interpreters count in Live for ever.
func Leaked() int { return int(leaked.Load()) }
