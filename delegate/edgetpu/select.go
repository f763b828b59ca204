package edgetpu

// One says whether the spec asks for one device, by index, path or name.
func (s Spec) One() bool { return s.index > 0 || s.path != "" || s.name != "" }

// Select is [Spec.Select], which also finds devices by the names that do not move (see StableName).
func (s System) Select(spec Spec, devices []Device) ([]Device, error) {
	if spec.name == "" {
		return spec.Select(devices)
	}
	for _, d := range devices {
		// One with a number of its own can be asked for by its address as well.
		if s.StableName(d) == spec.name || d.Bus == PCI && "pci:"+s.pciAddress(d) == spec.name {
			return []Device{d}, nil
		}
	}
	return nil, spec.notFound(devices)
}
