package pipeline

import "corallite/tflite/tensor"

// Engine runs one model on any device.
type Engine = tensor.Engine

// Device describes the device that runs a model.
type Device = tensor.Device
