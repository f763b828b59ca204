// Package openwakeword detects wake words with the models of openWakeWord: a chain of three, all float. A mel spectrogram
// model and a speech embedding model are shared by all words (Stage); a small model for each word takes the last embeddings
// (NewWakeWord).
//
//	sound, 16000 samples per second, as 16-bit values (not divided by 32768)
//	→ each 1280 samples a window of the last 1760 → 8 rows of 32 mel bands, x/10 + 2
//	→ the 76 rows that end 4 before the newest → 1 row of 96 features
//	→ the last 16 rows (the word model's input says how many) → the word's score, 0 to 1
//
// A recording begins in the middle of silence: as if 8 seconds of zeros had come before it. The first window has 1280 of
// them and 480 samples of the recording.
//
// Facts and figures are those of the Python package pyopen-wakeword 1.1.0, and of openWakeWord itself
// (github.com/dscripka/openWakeWord) for patience. Scores are those of the package, but for the order in which kernels
// add floats: on XNNPACK they differ by less than 0.00001. The package drops sound that comes in pieces of more than
// about two seconds; this one answers the same however the sound is cut.
package openwakeword

// The chain's measures. Those of sound are in samples.
const (
	rate = 16000

	hop       = 1280 // between windows of the spectrogram
	window    = 1760 // of the spectrogram
	newRows   = 8    // of mel bands in a window
	bands     = 32
	rowHop    = hop / newRows
	rowLength = 512 // of the Fourier transform behind a row

	seenRows = 76           // that an embedding is made of
	keptRows = seenRows + 4 // the newest 4 wait for the next one

	// before is how much silence stands before a beginning, in rows of embeddings: as many as a word model may look at.
	before = 40
	// tail is how much silence follows the end, in rows of embeddings: what was said last then is seen at each place of
	// a usual word model's input, so that a word at the end is not missed.
	tail = 16
	// held is how much of what the voice gate holds back is kept for when it opens, in hops: 1.04 s.
	held = 13
)

// MelShapes is what the melspectrogram model is to be opened with: its file leaves the length of the sound open.
func MelShapes() [][]int { return [][]int{{1, window}} }

// newest is the index of the last row of embeddings that is complete n samples after a beginning. Row 0 is the first
// with sound in it; row -1, all of silence, is complete before the beginning.
func newest(n int64) int64 { return (n+2*hop-window)/hop - 1 }

// heardUntil is how many samples after a beginning there are when row k is complete.
func heardUntil(k int64) int64 { return k*hop + window - hop }

// span is which samples n rows of embeddings are made of, the last of them row k: from the beginning, and less than 0
// in the silence before it.
func span(k int64, n int) (start, end int64) {
	const waiting = (keptRows - seenRows) * rowHop // the rows that the embedding does not see yet
	const beyond = window - (newRows-1)*rowHop - rowLength
	end = heardUntil(k) - waiting - beyond
	return end - rowLength - (seenRows-1)*rowHop - int64(n-1)*hop, end
}
