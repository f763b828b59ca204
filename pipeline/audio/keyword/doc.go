// Package keyword hears words with models that look at a window of sound at a time: on log-mel features, as Coral's
// project-keyword-spotter, on rows of the audio front end of TensorFlow Lite Micro, as micro_speech, or on the samples
// themselves, as YAMNet.
//
// Runs of the model lie on a grid: the first window ends Options.Step after the sound begins, the next one a step later,
// and so on, whatever pieces the sound comes in. What a window has before the beginning is digital silence; at the end
// of a recording silence follows for as long as a window still has some of the recording in it. So a recording that is
// shorter than the window passes through it, and gives its word once. With features of Micro the first window is the
// first that is full of sound, or holds all of a recording that is shorter: rows of digital silence are not in what
// such models were trained with, and with them noise scored as a word.
//
// From the outputs to a keyword:
//
//  1. several frames of scores from one run are averaged over the frames;
//  2. the scores are averaged over the runs of the last Options.Smoothing, where a run that there was not counts as 0:
//     at the beginning, and after a time that was left out;
//  3. an audio.Spotter fires at the crossing of the threshold. The keyword's times are those of the last run's window,
//     within the recording.
//
// While the voice gate is closed (audio.Chunk.Voice) the model does not run, but the features are made, which cost
// little. When it opens, the runs of the last second are made up for, of Options.Smoothing if that is longer, so that no
// word's beginning is lost. A recording that ends with the gate closed has nothing after it.
//
// What this package exports follows Semantic Versioning.
package keyword
