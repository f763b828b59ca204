package delegate

import (
	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
)

// Choice says what may run a model, Item is one way to, and Access is what its child process needs.
type (
	Choice = choice.Choice
	Item   = choice.Item
	Access = choice.Access
)

// The usual choices. They are never changed.
var (
	Auto    = choice.Auto    // the first that works: Edge TPU, XNNPACK, built-in kernels
	EdgeTPU = choice.EdgeTPU // the Edge TPU, or an error
	XNNPACK = choice.XNNPACK // the CPU through XNNPACK, or an error
	None    = choice.None    // the CPU through the runtime's built-in kernels
	CPU     = choice.CPU     // the first of the two that works
)

// ParseChoice reads a choice as flags have it: "auto", or words of providers with commas between them, "plugin:" with the
// path of an external delegate among them; "": Auto.
func ParseChoice(s string) (Choice, error) { return choice.Parse(s) }

// Spec is a choice and the Edge TPUs that it may take. The zero Spec is Auto with any device.
type Spec struct {
	Choice Choice
	Device edgetpu.Spec
}
