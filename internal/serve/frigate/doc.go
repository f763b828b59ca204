// Package frigate is the other side of Frigate's zmq detector: Frigate asks over a REQ socket, and gets what a model
// found in a tensor that it has prepared itself. Corallite is then the engine of Frigate, with what it has of devices and
// fallbacks.
//
// A request is a JSON header and mostly data (Frigate 0.18):
//
//	{"model_request": true, "model_name"}         whether the model is there: {"model_available", "model_loaded"}
//	{"model_data": true, "model_name"}, a file    keeps it: {"model_saved", "model_loaded"}
//	{"shape", "dtype", "model_type"}, a tensor    480 bytes: float32 [20][6] of class, score, ymin, xmin, ymax, xmax, from 0 to 1
//
// A model of the configuration for detect, by its name (with .tflite or without) or that of its file, is used as it is configured. Any other is
// handed over, kept under the hash of its bytes, checked, and run in a child process without files or network. What
// cannot be answered gets {"error"}, which is never 480 bytes long and so not taken for a result.
//
// The socket is ZMTP 3.0 (rfc.zeromq.org/spec/23) without encryption, of which only the replying side is here.
package frigate
