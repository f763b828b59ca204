// Package microwakeword hears wake words with microWakeWord models: small int8 networks that keep their state from one run to
// the next (github.com/kahrendt/microWakeWord). It has the three parts that they need:
//
//   - Frontend makes features of sound, as the audio front end of TensorFlow Lite Micro does with the settings that the
//     models were trained with. All models share its features, so it runs once, as a Stage of the source.
//   - ReadManifest reads the JSON file that comes with a model.
//   - NewWakeWord is the model as a pipeline.StreamingModel.
//
// The features are those of the Python package pymicro-features, bit for bit, and the model's answers those of
// pymicro-wakeword, where the runtime's built-in kernels run it. XNNPACK rounds otherwise: see NewWakeWord.
//
// What this package exports follows Semantic Versioning.
package microwakeword
