package miniaudio

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gen2brain/malgo"

	"corallite/pipeline/mic/pulsetest"
)

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

// TestNoServer: a server that is not there costs no file descriptor, however often it is tried.
func TestNoServer(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+t.TempDir()+"/native")
	before := descriptors(t)
	for range 20 {
		c, err := PulseAudio.Connect()
		if err == nil {
			t.Fatal(errors.Join(errors.New("there is a server"), c.Close()))
		}
		if !strings.Contains(err.Error(), "no PulseAudio server is running") {
			t.Fatal(err)
		}
	}
	if now := descriptors(t); now > before {
		t.Errorf("%d file descriptors, %d before", now, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestVanishes: neither a microphone nor a server that vanishes just before it is opened ends the program, as PulseAudio's
// library does when it is asked for no channels.
func TestVanishes(t *testing.T) {
	server := pulsetest.Start(t, "")
	c, err := PulseAudio.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := c.Microphones(false)
	if err != nil || len(all) != 1 || all[0].ID != pulsetest.Microphone {
		t.Fatalf("%v, %v", all, err)
	}
	if _, err := c.Open("unknown", 0); err == nil || !strings.Contains(err.Error(), `no microphone "unknown"`) {
		t.Errorf("a microphone that was never listed: %v", err)
	}
	var gone malgo.DeviceID
	copy(gone[:], "gone")
	c.(*connection).ids["gone"] = gone
	if _, err := c.Open("gone", 0); err == nil || !strings.Contains(err.Error(), "ma_device_init") {
		t.Errorf("a microphone that has gone: %v", err)
	}
	server.Freeze()
	opened := make(chan error)
	go func() {
		s, err := c.Open(pulsetest.Microphone, 0)
		if err == nil {
			err = s.Start(func([]byte) {})
		}
		opened <- err
	}()
	server.Stop()
	if err := <-opened; err == nil {
		t.Error("a microphone was opened on a server that has gone")
	}
	if !c.Gone() {
		t.Error("the server is not gone")
	}
}
