package edgetpu

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSelectByName finds devices by what does not move, in a machine with two cards and a stick.
func TestSelectByName(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"sys/class/apex/apex_0/pci_address": "0000:01:00.0\n",
		"sys/class/apex/apex_1/pci_address": "0000:02:00.0\n",
		"sys/class/apex/apex_1/unique_id":   "00c0ffee\n",
	} {
		path := filepath.Join(root, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	system := System{Root: root}
	stick, first, second := Device{USB, "/sys/bus/usb/devices/2-1.4"}, Device{PCI, "/dev/apex_0"}, Device{PCI, "/dev/apex_1"}
	for _, c := range []struct {
		spec string
		want []Device
		one  bool
	}{
		{"usb:2-1.4", []Device{stick}, true},
		{"pci:0000:01:00.0", []Device{first}, true},
		{"pci:0000:02:00.0", []Device{second}, true}, // though its name is its number
		{"apex:00c0ffee", []Device{second}, true},
		{"pci:0000:03:00.0", nil, true},
		{"apex:1234", nil, true},
		{"pci:1", []Device{second}, true},
		{"pci", []Device{first, second}, false},
		{"", []Device{stick, first, second}, false},
	} {
		spec, err := ParseSpec(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := system.Select(spec, []Device{stick, first, second})
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) || err != nil && !errors.Is(err, ErrNoDevice) {
			t.Errorf("%q selects %v, %v", c.spec, got, err)
		}
		if spec.One() != c.one {
			t.Errorf("%q asks for one: %v", c.spec, spec.One())
		}
	}
}
