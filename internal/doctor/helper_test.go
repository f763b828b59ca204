package doctor

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
)

func TestMain(m *testing.M) {
	// The race detector makes each child wait for a second before it exits.
	if os.Getenv("GORACE") == "" {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	isolate.Main(Handlers())
	_ = os.Unsetenv(edgetpu.LibraryEnv) // a test must not find what the machine happens to have
	goleak.VerifyTestMain(m)
}

// files are a made-up machine: contents, or symbolic links ("-> target").
type files map[string]string

// with overrides some files; those with the contents "absent" are removed.
func (f files) with(others ...files) files {
	all := maps.Clone(f)
	for _, o := range others {
		maps.Copy(all, o)
	}
	maps.DeleteFunc(all, func(_, contents string) bool { return contents == "absent" })
	return all
}

// root writes the files to a folder.
func (f files) root(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, contents := range f {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(contents, "-> "); link {
			err = os.Symlink(target, path)
		} else if err = os.WriteFile(path, []byte(contents), 0o644); err == nil && strings.HasPrefix(name, "/dev/") {
			err = os.Chmod(path, 0o660)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// ownGroup is the group that made-up device files have.
var ownGroup = strconv.Itoa(os.Getegid())

// Machines.
var (
	plain = files{
		"/proc/sys/kernel/osrelease":          "6.1.0-18-amd64\n",
		"/etc/group":                          "root:x:99990:\nplugdev:x:99991:\nwho:x:" + ownGroup + ":\n",
		"/sys/bus/usb/devices/usb1/idVendor":  "1d6b\n",
		"/sys/bus/usb/devices/usb1/idProduct": "0002\n",
	}
	withStick = plain.with(files{
		stick + "/idVendor":    "18d1\n",
		stick + "/idProduct":   "9302\n",
		stick + "/busnum":      "2\n",
		stick + "/devnum":      "7\n",
		stick + "/speed":       "5000\n",
		"/dev/bus/usb/002/007": "",
	})
	card = plain.with(files{
		"/sys/bus/pci/devices/0000:01:00.0/vendor": "0x1ac1\n",
		"/sys/bus/pci/devices/0000:01:00.0/device": "0x089a\n",
	})
	withCard = card.with(files{
		"/sys/bus/pci/devices/0000:01:00.0/driver": "-> ../../../../bus/pci/drivers/apex",
		"/sys/class/apex/apex_0/device":            "-> ../../../0000:01:00.0",
		"/sys/class/apex/apex_0/dev":               "120:0\n",
		"/sys/class/apex/apex_0/temp":              "41050\n",
		"/sys/class/apex/apex_0/trip_point0_temp":  "84800\n",
		"/proc/modules":                            "apex 28672 0 - Live 0x0\ngasket 126976 1 apex, Live 0x0\n",
		"/dev/apex_0":                              "",
	})
	fresh = files{stick + "/idVendor": "1a6e\n", stick + "/idProduct": "089a\n"}

	inDocker = files{"/.dockerenv": "", "/proc/self/mountinfo": "36 35 98:0 / / rw - overlay overlay rw\n37 36 0:40 / /dev rw - tmpfs tmpfs rw\n"}
	inPodman = files{"/run/.containerenv": "engine=\"podman-4.3.1\"\n"}
	inLXC    = files{"/run/systemd/container": "lxc\n"}
	inPod    = files{"/proc/1/cgroup": "0::/kubepods/besteffort/pod1/2\n"}
)

const (
	stick     = "/sys/bus/usb/devices/2-1"
	stickNode = "/dev/bus/usb/002/007"
)

var (
	usbDevice = edgetpu.Device{Bus: edgetpu.USB, Path: stick}
	pciDevice = edgetpu.Device{Bus: edgetpu.PCI, Path: "/dev/apex_0"}
)

// anna is a user in no relevant group.
var anna = User{Name: "anna", Groups: []int{99999}}

var runtime14 = edgetpu.Version{Raw: "BuildLabel(A), RuntimeVersion(14)", BuildLabel: "A", RuntimeVersion: 14}

// library is a made-up libedgetpu.
type library struct {
	load    error            // from loading
	version edgetpu.Version  // zero: runtime14
	listed  []edgetpu.Device // nil: those of the machine
	broken  Trial            // where it ends before any device is opened
	open    []Trial          // what comes of each opening, the last one again and again; nil: it goes well

	attempts []Attempt
}

func (l *library) try(s edgetpu.System) func(context.Context, Attempt) Trial {
	return func(_ context.Context, a Attempt) Trial {
		l.attempts = append(l.attempts, a)
		t := Trial{Path: "libedgetpu.so.1", Version: l.version, Listed: l.listed}
		if t.Version == (edgetpu.Version{}) {
			t.Version = runtime14
		}
		if t.Listed == nil {
			t.Listed = s.Devices()
		}
		switch {
		case l.load != nil:
			return Trial{At: Loading, Err: l.load}
		case l.broken.Err != nil:
			t.At, t.Err = l.broken.At, l.broken.Err
		case a.Device != nil && len(l.open) > 0:
			t.At, t.Err = l.open[0].At, l.open[0].Err
			if len(l.open) > 1 {
				l.open = l.open[1:]
			}
		}
		return t
	}
}

// examine examines a made-up machine with a made-up library.
func examine(t *testing.T, f files, denied map[string]error, l *library, o Options) *Report {
	t.Helper()
	o.System = edgetpu.System{Root: f.root(t), Access: func(path string) error { return denied[path] }}
	if l == nil {
		l = &library{}
	}
	o.Try = l.try(o.System)
	if o.User == nil {
		o.User = &anna
	}
	if o.Runtime == "" {
		o.Runtime = "2.17.1"
	}
	r, err := Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func missingLibrary() *library {
	return &library{load: &edgetpu.LoadError{Kind: edgetpu.ErrNotFound, Path: "libedgetpu.so.1, libedgetpu.so.1.0", Detail: "not installed"}}
}

// died is the error of a child that ended itself with those words; "": of a processor exception.
func died(words string) error {
	if words == "" {
		return &isolate.DeathError{Name: "doctor", PID: 7, Signal: syscall.SIGSEGV}
	}
	return &isolate.DeathError{Name: "doctor", PID: 7, Signal: syscall.SIGABRT, LastWords: []string{words}}
}

var errOpen = errors.New("edgetpu_create_delegate failed")
