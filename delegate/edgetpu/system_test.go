package edgetpu

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// machine makes a folder that stands for a machine's files: files with contents, and symbolic links ("-> target").
func machine(t *testing.T, files map[string]string) System {
	t.Helper()
	root := t.TempDir()
	for name, contents := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(contents, "-> "); link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(contents), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return System{Root: root}
}

const stick = "/sys/bus/usb/devices/2-1"

var tree = map[string]string{
	stick + "/idVendor":                   "1a6e\n",
	stick + "/idProduct":                  "089a\n",
	stick + "/busnum":                     "2\n",
	stick + "/devnum":                     "7\n",
	"/sys/bus/usb/devices/2-4/idVendor":   "18d1\n",
	"/sys/bus/usb/devices/2-4/idProduct":  "9302\n",
	"/sys/bus/usb/devices/usb1/idVendor":  "1d6b\n",
	"/sys/bus/usb/devices/usb1/idProduct": "0002\n",
	"/sys/class/apex/apex_0/temp":         "41000\n",
	"/dev/bus/usb/002/007":                "",
	"/dev/apex_0":                         "",
	"/proc/4242/comm":                     "frigate\n",
	"/proc/4242/fd/3":                     "-> /dev/apex_0",
	"/proc/4243/comm":                     "sh\n",
	"/proc/4243/fd/0":                     "-> /dev/null",
}

func TestSystemDevices(t *testing.T) {
	got := machine(t, tree).Devices()
	want := []Device{{USB, stick}, {USB, "/sys/bus/usb/devices/2-4"}, {PCI, "/dev/apex_0"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := machine(t, nil).Devices(); got != nil {
		t.Errorf("an empty machine has %v", got)
	}
}

func TestExplain(t *testing.T) {
	allowed := func(string) error { return nil }
	denied := func(string) error { return syscall.EACCES }
	for _, c := range []struct {
		name   string
		device Device
		access func(string) error
		want   []string // a part of each cause
	}{
		{"nothing seen", Device{USB, stick}, allowed, nil},
		{"no permission on USB", Device{USB, stick}, denied, []string{"no permission for /dev/bus/usb/002/007 (-rw-r--r--, group "}},
		{"in use", Device{PCI, "/dev/apex_0"}, allowed, []string{"/dev/apex_0 is in use by process 4242 (frigate)"}},
		{"both", Device{PCI, "/dev/apex_0"}, denied, []string{"no permission for /dev/apex_0", "process 4242"}},
		{"unplugged", Device{USB, "/sys/bus/usb/devices/9-9"}, allowed, []string{"/sys/bus/usb/devices/9-9 is not there"}},
		{"no driver", Device{PCI, "/dev/apex_3"}, allowed, []string{"modprobe apex"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := machine(t, tree)
			s.Access = c.access
			got := s.Explain(c.device)
			if len(got) != len(c.want) {
				t.Fatalf("causes %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("cause %q does not say %q", got[i], c.want[i])
				}
			}
			err := &OpenError{Device: c.device, Causes: got}
			if !strings.Contains(err.Error(), c.device.Path) || !strings.Contains(err.Error(), "edgetpu_create_delegate") {
				t.Errorf("error %q names neither function nor device", err)
			}
		})
	}
}

// TestExplainOutsideContainer is a USB stick that sysfs shows and /dev does not, as in a container.
func TestExplainOutsideContainer(t *testing.T) {
	s := machine(t, tree)
	if err := os.RemoveAll(filepath.Join(s.Root, "dev")); err != nil {
		t.Fatal(err)
	}
	if got := s.Explain(Device{USB, stick}); len(got) != 1 || !strings.Contains(got[0], "container") {
		t.Errorf("causes %q", got)
	}
}

// TestAccess asks the kernel, for files of this machine.
func TestAccess(t *testing.T) {
	if err := (System{}).access(os.DevNull); err != nil {
		t.Error(err)
	}
	if err := (System{}).access("/nonexistent"); err == nil {
		t.Error("a file that is not there may be used")
	}
}
