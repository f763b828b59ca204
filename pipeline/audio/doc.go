// Package audio has Chunk, a piece of sound, the stages that process it, and what all sound models share.
//
// The path of a chunk:
//
//	microphone ─ callback ─ ring of 2 s ┐
//	raw PCM ─────────────── ring of 2 s ┼─ resampled ─ Chunk ─ Stages ─────────────── Stream ─ models ─ sinks
//	camera's sound ──────── ring of 2 s ┤
//	recording ──────────────────────────┘  one channel        Level, VAD,             one      one goroutine
//	                                       of 16 bits         features that           reader   each
//	                                                          several models share
//
// A source (package mic) brings sound to one channel of 16 bits at the rate that the models want, and cuts it into
// Chunks: 10 ms from a microphone, half a second from a recording. Chunks come from a Pool and go back to it; in steady
// state nothing is allocated. Each chunk follows the one before, but for one that is First: a recording begins, or sound
// was lost. Then everything with a state resets.
//
// Stages, put behind the source with Prepare, see each chunk before any model: Level measures it, VAD says whether there
// may be voice in it, and others add features that several models need, so that these are computed once. After them
// nobody changes the chunk.
//
// A model is a pipeline.StreamingModel: it holds what was before, takes each chunk, runs its engine for as many windows as are
// complete, and turns scores into keywords with a Spotter. At First it resets; at Last it pads with silence, so that
// a word at the very end is found. While Voice is false it does not run; when voice comes back it first catches up on the
// last second. What it finds does not depend on how the sound was cut.
//
// A live source is never made to wait: what its ring cannot hold is lost, the oldest first, counted, and the next chunk
// is First. A recording waits instead.
//
// What this package exports follows Semantic Versioning.
package audio
