// Package audio has what a piece of sound is, what happens to it on its way, and what all models of sound share.
//
// The path of a piece of sound:
//
//	microphone ─ callback ─ ring of 2 s ┐
//	raw PCM ─────────────── ring of 2 s ┼─ resampled ─ Chunk ─ Stages ─────────────── Stream ─ Flows ─ sinks
//	recording ──────────────────────────┘  one channel        Level, Gate,            one      one a
//	                                       of 16 bits         features that           reader   model
//	                                                          several models share
//
// A source (package mic) brings sound to one channel of 16 bits at the rate that the models want, and cuts it into
// Chunks: 10 ms from a microphone, half a second from a recording. Chunks come from a Pool and go back to it; in steady
// state nothing is allocated. Each chunk follows the one before, but for one that is First: a recording begins, or sound
// was lost. Then everything that remembers starts anew.
//
// Stages, put behind the source with Prepare, see each chunk before any model: Level measures it, Gate says whether there
// may be voice in it, and others add features that several models need, so that these are computed once. After them
// nobody changes the chunk.
//
// A model is a pipeline.StreamingModel: it holds what was before, takes each chunk, runs its engine for as many windows as are
// complete, and turns scores into keywords with a Spotter. At First it starts anew; at Last it pads with silence, so that
// a word at the very end is found. While Voice is false it does not run; when voice comes back it first catches up on the
// last second. What it finds does not depend on how the sound was cut.
//
// A live source is never made to wait: what its ring cannot hold is lost, the oldest first, counted, and the next chunk
// is First. A recording waits instead.
//
// What this package exports follows Semantic Versioning.
package audio
