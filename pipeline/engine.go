package pipeline

import "corallite/tflite/tensor"

// Engine runs one model, whatever runs it.
type Engine = tensor.Engine

// Device says what runs a model.
type Device = tensor.Device
