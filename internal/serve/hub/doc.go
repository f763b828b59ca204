// Package hub answers requests with models, whatever the protocol that they came by:
//
//	job, err := h.Begin(ctx)
//	defer job.End()
//	data, err := job.Body(r)             // read within the limits
//	picture, err := job.Picture(data, model) // takes a place in the queue; the deadline counts from here
//	event, err := job.Run(model, picture, hub.Want{})
//
// # Load
//
// At most Options.Queue requests are in progress at a time. A request whose model has so many others before it that it
// would not be done within Options.Timeout is refused at once, by how long the model's runs took so far; one that is
// not done by then is refused then. Both are an Error with status 503 and the time after which to try again.
//
// # Memory
//
// What clients send is counted as it comes, and refused beyond a limit for all together. As many requests have a decoded
// picture at a time as there are cores, and engines that leave these free; one that needs more memory than is left waits.
// Their size is looked at before.
package hub
