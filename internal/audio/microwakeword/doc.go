// Package microwakeword detects wake words with microWakeWord models: small int8 networks that keep their state from run to
// run (github.com/kahrendt/microWakeWord). It has three parts:
//
//   - Frontend computes the features of TensorFlow Lite Micro's audio front end, with the settings of the models' training.
//     All models share them, so it runs once, as a Stage of the source.
//   - ReadManifest reads the JSON file that comes with a model.
//   - NewWakeWord returns the model as a pipeline.StreamingModel.
//
// The features are bit-identical to those of the Python package pymicro-features, and the model's answers to those of
// pymicro-wakeword, if the runtime's built-in kernels run it. XNNPACK rounds differently: see NewWakeWord.
package microwakeword
