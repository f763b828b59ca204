// Package keyword runs keyword-spotting models that classify a window of sound: of log-mel features, as in Coral's
// project-keyword-spotter, of rows of TensorFlow Lite Micro's audio front end, as micro_speech, or of samples, as YAMNet.
//
// The model runs on a fixed grid: the first window ends Options.Step after the beginning of the sound, the next one a step
// later, and so on, however the sound is cut into chunks. Before the beginning a window has digital silence; after the end
// of a recording silence follows while the window still has some of the recording. So a recording that is shorter than
// the window passes through it and gives its word once. For Micro features the first window is the first that is full of
// sound, or has all of a shorter recording: such models were not trained with rows of digital silence and score noise as
// a word with them.
//
// From the outputs to a keyword:
//
//  1. several frames of scores from one run are averaged;
//  2. scores are averaged over the runs of the last Options.Smoothing, with missing runs as 0, at the beginning and after
//     skipped sound;
//  3. an audio.Spotter fires when a score crosses its threshold. The times of the keyword are those of the window of the
//     last run, clipped to the recording.
//
// While there is no voice (audio.Chunk.Voice) the model does not run, but the features, which are cheap, are computed. When
// voice begins, the runs of the last second are made up for, or of Options.Smoothing if that is longer, so that no
// beginning of a word is lost. A recording that ends without voice is not padded with silence.
package keyword
