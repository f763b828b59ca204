// Package microwakeword detects wake words with microWakeWord models: small int8 networks that keep their state from run to
// run (github.com/kahrendt/microWakeWord). It has three parts:
//
//   - Frontend computes the features of TensorFlow Lite Micro's audio front end, with the settings of the models' training.
//     All models share them, so it runs once, as a Stage of the source.
//   - ReadManifest reads the JSON file that comes with a model.
//   - NewWakeWord returns the model as a pipeline.StreamingModel.
//
// The features are those of the Python package pymicro-features, bit for bit, and the model's answers those of
// pymicro-wakeword, where the runtime's built-in kernels run it. XNNPACK rounds otherwise: see NewWakeWord.
package microwakeword
