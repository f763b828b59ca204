// Package tflite runs TensorFlow Lite models, safely: every failure is an error with the C function, its status and
// the runtime's own words; nothing that Go code does wrong, short of keeping a view too long, can crash the process;
// and a model file is verified before the runtime sees it ([Schema]). It stands on github.com/mattn/go-tflite,
// with what that lacks in internal/capi.
//
//	i, err := tflite.Open("model.tflite", tflite.Options{Threads: 2}) // on XNNPACK
//	if err != nil { … }
//	defer i.Close()
//	if err := tensor.SetReal(i.Input(0), values); err != nil { … }
//	if err := i.Invoke(ctx); err != nil { … }
//	err = tensor.Real(scores, i.Output(0))
//
// [Open] reads, verifies and prepares a model in one call; [Load] and [Model.Interpreters] make several interpreters of one
// model that share its bytes. The model runs on XNNPACK, with 8-bit operators switched on, unless the [Options] name
// delegates or ask for the built-in kernels; [Interpreter.Device] says what runs it.
//
// # Ownership
//
// An [Interpreter] owns its options, its delegates and the runtime's objects, and shares the model's bytes with the
// [Model] that it was made of and that model's other interpreters: the last of them that is closed frees the bytes. Delegates
// move in with the call of Open or New and are freed even when it fails. Close frees the runners of signatures, the
// interpreter, the delegates (the last one with shared [Weights] frees them after itself), the options, the model and
// the bytes, in this order. Close twice is safe; after it every
// call gives [ErrClosed], and views are empty. An interpreter that is collected without Close is counted by [Leaked];
// its C objects are left alone, because views of its memory may be in use.
//
// [Interpreter.Input], [Interpreter.Output] and [Interpreter.Variables] give views of C memory, without a copy. A view
// of an input or output is valid until the next Invoke (most models do not move their tensors, some with sizes that
// depend on the data do), Resize or Close: ask for it again each time, which costs nothing. A view kept beyond Close
// points into memory that is gone; that is the one mistake that is not caught. [Interpreter.UseMemory] puts tensors
// into memory of the caller's, who frees it after Close.
//
// # Threads
//
// One goroutine at a time uses an interpreter, and its signatures with it. Two that use it at once do not break it,
// as calls wait for each other, but they overwrite each other's inputs. [Interpreter.Cancel] and [Interpreter.Close]
// may be called by another: they stop a run that is under way, and wait for its end. A run is stopped between two
// operators; all that a delegate took counts as one operator, so a model that XNNPACK runs as a whole is stopped only
// at its end.
//
// Invoke allocates nothing in Go, also with a context that can be cancelled: the interpreter stays registered with the
// last such context until another comes or Close.
//
// Options.Threads is for XNNPACK, which gains by them, and for the built-in kernels, on which more than one makes 8-bit
// models slower, often much slower (mobilenet_v1_0.25_128_quant on two cores: 1.0 ms with one thread, 10 to 50 ms with
// two).
//
// # What runs a model
//
// Without delegates in its options an interpreter runs on XNNPACK ("cpu:xnnpack"). Where XNNPACK cannot prepare the model
// (sparse weights), or takes none of its operators (an 8-bit softmax alone), the built-in kernels run it ("cpu:builtin").
// Options.Builtin asks for these alone: they are the runtime's reference, and slower.
//
// Some builds of the runtime apply XNNPACK to a model that is given no delegate. Whether this one does is found with a
// graph of one addition, once a process, and Device of an interpreter without delegates then says "cpu:default". The
// libraries 2.17.1 (pymicro-wakeword), 2.18.0 and 2.20.0 (org.bytedeco) do not. The C interface has no switch for it:
// TfLiteInterpreterCreateWithSelectedOps applies none, but wants the kernels' registrations from the caller, which the
// library does not export.
//
// # Custom operators
//
// A model may have operators that the runtime does not have. One is brought by this package, computed in Go and made
// known to the runtime when a model needs it: PosenetDecoderOp, with which Coral's PoseNet models end (its variant with
// masks, of BodyPix, is refused). A model with any other fails to open with an error that names it, unless a delegate
// takes it.
//
// # What the file says, and what the runtime says
//
// Names, quantization (with a scale for each slice, which the C interface gives only through structs that changed
// between versions), variables and signatures are taken from the file; types, shapes and memory from the runtime.
// XNNPACK's options changed their layout too; NewXNNPACK asks the library whether its flags arrived.
//
// What this package exports follows Semantic Versioning.
package tflite
