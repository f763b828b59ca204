// Package serve is the block serve of a configuration: models that answer the requests of other programs, by several
// protocols at one address.
//
//	hub        the models, the queue, the limits
//	api        Corallite's own protocol
//	deepstack  that of DeepStack and CodeProject.AI
//	doods      that of doods2
//	oip        the Open Inference Protocol v2, with binary tensors
//	frigate    Frigate's zmq detector, on a socket of its own
package serve
