// Package oip speaks the Open Inference Protocol v2 over REST (kserve/open-inference-protocol), which Triton, KServe and
// OpenVINO Model Server speak, with Triton's extension of binary tensors (binary_tensor_data).
//
//	GET  /v2, /v2/health/live, /v2/health/ready
//	GET  /v2/models/MODEL[/versions/1], …/ready
//	POST /v2/models/MODEL[/versions/1]/infer
//	POST /v2/repository/index
//
// Every model of the configuration answers, whatever its task: tensors go in and come out as they are, and a tensor's
// scale and zero point are in its parameters. Each request is a run of its own: what a model of sound keeps from one run
// to the next is reset before it.
package oip
