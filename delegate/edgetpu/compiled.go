package edgetpu

import "fmt"

// ExecutableType says what an Executable is for, as libedgetpu's executable.fbs numbers it.
type ExecutableType int

const (
	StandAlone       ExecutableType = iota // carries its parameters with it
	ParameterCaching                       // only loads parameters into the device's memory
	ExecutionOnly                          // runs with parameters that a ParameterCaching one has loaded
)

// String is the type's name.
func (t ExecutableType) String() string {
	switch t {
	case StandAlone:
		return "stand-alone"
	case ParameterCaching:
		return "parameter-caching"
	case ExecutionOnly:
		return "execution-only"
	default:
		return fmt.Sprintf("type(%d)", int(t))
	}
}

// Executable is one program for the device.
type Executable struct {
	Type            ExecutableType
	Chip            string // "beagle" for the Edge TPU
	ParameterBytes  int    // weights that it brings
	ScratchBytes    int    // host memory that it needs for one run
	EstimatedCycles int64  // of the device's clock for one run; 0 where the compiler did not say
	// Token is the parameter-caching token: models with the same one were compiled together and keep their
	// parameters on the device side by side, so that switching between them loads nothing.
	Token uint64
}

// Package is what the Edge TPU compiler put into one edgetpu-custom-op.
type Package struct {
	MinRuntimeVersion int    // least Version.RuntimeVersion of a libedgetpu that can run it
	CompilerVersion   string // "cl/343520747"; older compilers write "cl/" alone
	Executables       []Executable
}

// Token is the token under which the package caches its parameters, or 0 when it caches none.
func (p *Package) Token() uint64 {
	for _, e := range p.Executables {
		if e.Type == ParameterCaching {
			return e.Token
		}
	}
	return 0
}

// ParsePackage reads the custom options of an edgetpu-custom-op: a FlexBuffer map whose key "4" holds a FlatBuffer
// with the identifier DWN1 (libedgetpu: tflite/custom_op_data.cc, executable/executable.fbs). Every offset is
// checked; the bytes are not kept.
func ParsePackage(customOptions []byte) (*Package, error) {
	p, err := parsePackage(customOptions)
	if err != nil {
		return nil, fmt.Errorf("package of an edgetpu-custom-op: %w", err)
	}
	return p, nil
}

func parsePackage(customOptions []byte) (*Package, error) {
	serialized, err := flexBytes(customOptions, "4")
	if err != nil {
		return nil, err
	}
	t, err := flatRoot(serialized, "DWN1")
	if err != nil {
		return nil, err
	}
	p := &Package{MinRuntimeVersion: t.int32(0), CompilerVersion: string(t.bytes(4))}
	multi := t.bytes(1)
	if t.err != nil {
		return nil, t.err
	}
	m, err := flatRoot(multi, "")
	if err != nil {
		return nil, fmt.Errorf("list of executables: %w", err)
	}
	err = m.strings(0, func(i int, b []byte) error {
		e, err := parseExecutable(b)
		if err != nil {
			return fmt.Errorf("executable %d: %w", i, err)
		}
		p.Executables = append(p.Executables, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(p.Executables) == 0 {
		return nil, fmt.Errorf("it holds no executable")
	}
	return p, nil
}

func parseExecutable(b []byte) (Executable, error) {
	t, err := flatRoot(b, "")
	if err != nil {
		return Executable{}, err
	}
	e := Executable{
		Type:            ExecutableType(t.int16(13)),
		Chip:            string(t.bytes(10)),
		ParameterBytes:  len(t.bytes(6)),
		ScratchBytes:    t.int32(4),
		EstimatedCycles: int64(t.uint64(16)),
		Token:           t.uint64(14),
	}
	if e.EstimatedCycles == 0 {
		e.EstimatedCycles = int64(t.int32(11)) // the field before it grew to 64 bits
	}
	return e, t.err
}
