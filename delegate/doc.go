// Package delegate chooses what runs a model: an Edge TPU when there is one and the model was compiled for it, else
// the CPU, through XNNPACK or the runtime's built-in kernels. It keeps the reason why each better way was refused.
//
// Open gives an Engine for one model, OpenSeveral some that run side by side and share its weights. Probe says what would be chosen on this machine, without a model. A model
// comes as Files: the CPU model and the compiled one, which ResolveFiles finds from each other's names.
//
// What this package exports follows Semantic Versioning.
package delegate
