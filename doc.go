// Package corallite runs quantized TensorFlow Lite models on pictures, video and sound: on a Coral Edge TPU if there
// is one, otherwise on the CPU. The command corallite is made of it.
//
//	func main() {
//		corallite.Main()
//		source := corallite.Images("holiday")
//		for event, err := range corallite.Events(context.Background(), "face_detection_full_range", source, corallite.Options{}) {
//			fmt.Println(event.Source, event.Detections, err)
//		}
//	}
//
// [Open] gives a model for pictures and sound that the program has itself; [Events] runs a model over files, cameras and
// microphones; [Run] and [RunFiles] run the pipelines of a configuration, with sinks of the program's own.
//
// # Main
//
// libedgetpu can end or block the process that it runs in, and so can a model file that was never run before: both are
// used in a child process, which is this program started again. So [Main] is the first line of main, and of TestMain in
// tests that open models. What needs a child fails without it, with an error that says so.
//
// # Results
//
// Results are the types of package pipeline. Boxes and points are in pixels of the picture that was given, scores are
// between 0 and 1, times are seconds.
//
// # Stability
//
// This package, pipeline and its results, and configs follow Semantic Versioning: what they export is changed
// incompatibly with a new major version only.
package corallite
