// Package plugin loads any external delegate of TensorFlow Lite: a shared library with the two functions of the
// standard plug-in interface (tensorflow/lite/delegates/external), such as those for the NPUs of NXP i.MX
// (libvx_delegate.so), Arm NN (libarmnnDelegate.so) and Qualcomm (libQnnTFLiteDelegate.so).
//
//	l, err := plugin.Load("/usr/lib/libvx_delegate.so")
//	if err != nil { … }                      // a *dynlib.Error, or one that wraps ErrMissingSymbol
//	d, err := l.Create([]plugin.Option{{Key: "cache_file_path", Value: "/var/cache/vx"}})
//	if err != nil { … }                      // a *CreateError with the library's own words
//	// d is a tflite.Delegate; its interpreter deletes it
//
// A library that crashes ends the process: package worker runs it in a child.
package plugin
