package mic

import (
	"strings"
	"testing"

	"corallite/internal/reconnect"
)

func TestChoose(t *testing.T) {
	all := []Microphone{
		{Name: "Monitor of Built-in Audio", ID: "alsa_output.pci.monitor", Monitor: true},
		{Name: "Built-in Audio", ID: "alsa_input.pci"},
		{Name: "USB Camera", ID: "alsa_input.usb-A", Default: true},
		{Name: "USB Camera", ID: "alsa_input.usb-B"},
		{Name: "Monitor of Speaker", ID: "speaker.monitor", Monitor: true},
	}
	for name, want := range map[string]string{
		"": "alsa_input.usb-A", "default": "alsa_input.usb-A", "alsa_input.usb-B": "alsa_input.usb-B", "Built-in Audio": "alsa_input.pci",
		"built": "alsa_input.pci", "monitor of built-in audio": "alsa_output.pci.monitor", "speaker": "speaker.monitor",
	} {
		if m, err := choose(all, name); err != nil || m.ID != want {
			t.Errorf("%q: %v, %v; want %s", name, m, err, want)
		}
	}
	for name, want := range map[string][]string{
		"USB Camera": {"ambiguous", "alsa_input.usb-A", "alsa_input.usb-B"}, "camera": {"ambiguous", "alsa_input.usb-A"},
		"kitchen": {"not found", "alsa_input.pci", "Built-in Audio", "speaker.monitor"}, "1": {"not found"},
	} {
		_, err := choose(all, name)
		if ambiguous := want[0] == "ambiguous"; reconnect.IsPermanent(err) != ambiguous {
			t.Errorf("%q: %v is permanent: %t", name, err, !ambiguous)
		}
		for _, part := range append(want, name) {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %v; it does not say %q", name, err, part)
			}
		}
	}
	if _, err := choose(nil, ""); err == nil {
		t.Error("a microphone was chosen of none")
	}
	if m, err := choose(all[:2], ""); err != nil || m.ID != "alsa_input.pci" {
		t.Errorf("no default: %v, %v", m, err)
	}
}
