package delegate

import "corallite/delegate/edgetpu"

// Packages are what the Edge TPU compiler put into the model; nil for a model that it did not compile.
func (m *Model) Packages() ([]*edgetpu.Package, error) {
	if m.compiled == nil {
		return nil, nil
	}
	return m.compiled.packages()
}
