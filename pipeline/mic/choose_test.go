package mic

import (
	"errors"
	"os"
	"slices"
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
		"USB Camera": {"several", "alsa_input.usb-A", "alsa_input.usb-B"}, "camera": {"several", "alsa_input.usb-A"},
		"kitchen": {"not there", "alsa_input.pci", "Built-in Audio", "speaker.monitor"}, "1": {"not there"},
	} {
		_, err := choose(all, name)
		if several := want[0] == "several"; reconnect.IsPermanent(err) != several {
			t.Errorf("%q: %v is permanent: %t", name, err, !several)
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

func TestALSAMicrophones(t *testing.T) {
	for id, want := range map[string]bool{
		"default": true, "hw:CARD=U0x46d0x825,DEV=0": true, "plughw:CARD=U0x46d0x825,DEV=0": false, "sysdefault:CARD=PCH": false,
		"null": false, "pulse": false, "speexrate": false, "mymic": true,
	} {
		if isMicrophone(id) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}

func TestPulseAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		config      string
		want        []string // that come first
	}{
		"variable":       {map[string]string{"PULSE_SERVER": "{0123}unix:/x/native tcp:host:4713"}, "default-server = no", []string{"unix:/x/native", "tcp:host:4713"}},
		"client.conf":    {nil, "; default-server = a\n default-server = /y/native\n", []string{"/y/native"}},
		"runtime folder": {map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, "autospawn = no\n", []string{"/run/user/7/pulse/native"}},
		"pulse's folder": {map[string]string{"PULSE_RUNTIME_PATH": "/p", "XDG_RUNTIME_DIR": "/q"}, "", []string{"/p/native", "/q/pulse/native"}},
	} {
		got := pulseAddresses(func(name string) string { return c.environment[name] }, func(path string) ([]byte, error) {
			if !strings.HasSuffix(path, "/client.conf") {
				return nil, os.ErrNotExist
			}
			return []byte(c.config), nil
		})
		if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

// TestNoSoundSystem: a server that is not there costs no file descriptor, however often it is tried.
func TestNoSoundSystem(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+t.TempDir()+"/native")
	wanted := pulseBackend
	before := descriptors(t)
	for range 20 {
		s, err := openSystem(&wanted)
		if err == nil {
			t.Fatal(errors.Join(errors.New("there is a server"), s.close()))
		}
		if !strings.Contains(err.Error(), "no PulseAudio server answers") {
			t.Fatal(err)
		}
	}
	if now := descriptors(t); now > before {
		t.Errorf("%d file descriptors, %d before", now, before)
	}
}
