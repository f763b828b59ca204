package edgetpu_test

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

func load(t *testing.T, path string) *edgetpu.Library {
	t.Helper()
	l, err := edgetpu.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestLibrary(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	path := simtest.Use(t, simtest.Config{Devices: []string{"usb", "pci=/dev/apex_4", "usb"}, Log: log, RuntimeVersion: 13})
	l := load(t, path)
	devices, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	want := []edgetpu.Device{{edgetpu.USB, "/sys/bus/usb/devices/2-1"}, {edgetpu.PCI, "/dev/apex_4"},
		{edgetpu.USB, "/sys/bus/usb/devices/2-2"}}
	if !reflect.DeepEqual(devices, want) {
		t.Fatalf("devices %v, want %v", devices, want)
	}
	v, err := l.Version()
	if err != nil || v.RuntimeVersion != 13 || !strings.Contains(v.BuildLabel, "COMPILER=simulator") {
		t.Errorf("version %+v, %v", v, err)
	}
	if err := l.Verbosity(7); err != nil {
		t.Error(err)
	}
	if err := l.Verbosity(11); err == nil {
		t.Error("a verbosity of 11 is taken")
	}
	n := 0
	d, err := l.Open(devices[1], edgetpu.Options{Performance: edgetpu.High, AlwaysDFU: true, MaxBulkInQueueLength: &n})
	if err != nil {
		t.Fatal(err)
	}
	if d.Ptr() == nil || d.Name() != "edgetpu:pci:/dev/apex_4" || d.Device() != devices[1] {
		t.Errorf("delegate %v %q %v", d.Ptr(), d.Name(), d.Device())
	}
	plain, err := l.Open(devices[0], edgetpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.Delete()
		if err := plain.Close(); err != nil {
			t.Error(err)
		}
	}
	if d.Ptr() != nil {
		t.Error("a pointer is left after Delete")
	}
	if n := simtest.Live(t, path); n != 0 {
		t.Errorf("%d objects of the library were not freed", n)
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	const calls = "verbosity 7\n" +
		"open /dev/apex_4 Performance=High Usb.AlwaysDfu=True Usb.MaxBulkInQueueLength=0\n" +
		"open /sys/bus/usb/devices/2-1\nclose /dev/apex_4\nclose /sys/bus/usb/devices/2-1\n"
	if string(lines) != calls {
		t.Errorf("the library saw\n%swant\n%s", lines, calls)
	}
}

func TestClosed(t *testing.T) {
	path := simtest.Use(t, simtest.Config{})
	l := load(t, path)
	device := edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-1"}
	d, err := l.Open(device, edgetpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err1 := l.List()
	_, err2 := l.Version()
	_, err3 := l.Open(device, edgetpu.Options{})
	for _, err := range []error{err1, err2, err3, l.Verbosity(0)} {
		if !errors.Is(err, edgetpu.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if d.Ptr() == nil {
		t.Error("closing the library took a delegate that is open")
	}
	d.Delete()
	if n := simtest.Live(t, path); n != 0 {
		t.Errorf("%d objects of the library were not freed", n)
	}
}

func TestNoDevices(t *testing.T) {
	l := load(t, simtest.Use(t, simtest.Config{Devices: []string{}}))
	if devices, err := l.List(); err != nil || devices != nil {
		t.Errorf("devices %v, %v", devices, err)
	}
}

func TestOpenFails(t *testing.T) {
	l := load(t, simtest.Use(t, simtest.Config{OpenFails: true}))
	device := edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-1"}
	_, err := l.Open(device, edgetpu.Options{System: edgetpu.System{Root: t.TempDir()}})
	var failed *edgetpu.OpenError
	if !errors.As(err, &failed) || failed.Device != device || len(failed.Causes) != 1 {
		t.Fatalf("error %v", err)
	}
	if _, err := l.Open(edgetpu.Device{}, edgetpu.Options{}); err == nil {
		t.Error("a device without a path is opened")
	}
	if _, err := l.Open(device, edgetpu.Options{Performance: "Turbo"}); err == nil {
		t.Error("a performance of Turbo is taken")
	}
}

func TestVersionWithoutNumber(t *testing.T) {
	l := load(t, simtest.Use(t, simtest.Config{Version: "unknown"}))
	if v, err := l.Version(); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("version %+v, %v", v, err)
	}
}

// TestLoadFromEnvironment finds the library by the variable, and prefers a path that was given.
func TestLoadFromEnvironment(t *testing.T) {
	path := simtest.Use(t, simtest.Config{})
	t.Setenv(edgetpu.LibraryEnv, path)
	if l := load(t, ""); l.Path() != path {
		t.Errorf("loaded %s", l.Path())
	}
	if _, err := edgetpu.Load("/nonexistent/libedgetpu.so.1"); !errors.Is(err, edgetpu.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, contents []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, contents, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := os.ReadFile(simtest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	change := func(offset int, value uint16) []byte {
		b := append([]byte(nil), good...)
		binary.NativeEndian.PutUint16(b[offset:], value)
		return b
	}
	// e_type and e_machine stand at 16 and 18 of every ELF header.
	other := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		other = elf.EM_X86_64
	}
	for _, c := range []struct {
		name, path, want string
		kind             error
	}{
		{"missing", filepath.Join(folder, "none.so"), "no such file", edgetpu.ErrNotFound},
		{"missing by name", "libcorallite-none.so.1", "libcorallite-none.so.1", edgetpu.ErrNotFound},
		{"a folder", folder + "/", "folder", edgetpu.ErrNotLibrary},
		{"empty", file("empty.so", nil), "EOF", edgetpu.ErrNotLibrary},
		{"text", file("text.so", []byte("this is no library")), "bad magic number", edgetpu.ErrNotLibrary},
		{"a program", file("program", change(16, uint16(elf.ET_EXEC))), "ET_EXEC", edgetpu.ErrNotLibrary},
		{"cut off", file("cut.so", good[:4096]), "", nil},
		{"another processor", file("processor.so", change(18, uint16(other))), other.String(), edgetpu.ErrWrongArchitecture},
		{"another library", library(t, folder, "other.c", "int answer(void) { return 42; }"),
			"edgetpu_list_devices", edgetpu.ErrMissingSymbol},
		{"too old for the C interface", library(t, folder, "old.c", "int edgetpu_list_devices, edgetpu_free_devices;"),
			"edgetpu_create_delegate", edgetpu.ErrMissingSymbol},
		{"needs what is not there", library(t, folder, "needy.c", "int x;", needed(t, folder)...),
			"libcorallite-needed.so", edgetpu.ErrMissingDependency},
		{"a function of another library missing",
			library(t, folder, "undefined.c", "int corallite_undefined(void); int f(void) { return corallite_undefined(); }"),
			"corallite_undefined", edgetpu.ErrLoad},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := edgetpu.Load(c.path)
			if err == nil {
				t.Fatalf("loaded %s", l.Path())
			}
			var failed *edgetpu.LoadError
			if !errors.As(err, &failed) || c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("error %q is not %q", err, c.kind)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("error %q does not say %q and the path", err, c.want)
			}
		})
	}
}

// library compiles a shared library.
func library(t *testing.T, folder, name, source string, arguments ...string) string {
	t.Helper()
	c := filepath.Join(folder, name)
	if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	out := strings.TrimSuffix(c, ".c") + ".so"
	all := append([]string{"-shared", "-fPIC", "-Wl,-z,now", "-o", out, c}, arguments...)
	if message, err := exec.Command("cc", all...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, message)
	}
	return out
}

// needed makes a library, and gives the arguments to link against it. It is removed before anything loads it.
func needed(t *testing.T, folder string) []string {
	path := library(t, folder, "libcorallite-needed.c", "int needed;")
	link := filepath.Join(folder, "link")
	if err := os.Mkdir(link, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(link, "libcorallite-needed.so")); err != nil {
		t.Fatal(err)
	}
	return []string{"-Wl,--no-as-needed", "-L" + link, "-lcorallite-needed"}
}

// TestLoadUnreadable takes the right to read away: from the file, and as root, which may read everything, by a
// change of this thread's file system user.
func TestLoadUnreadable(t *testing.T) {
	path := simtest.Build(t)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		runtime.LockOSThread() // never unlocked: the thread ends with the test
		if err := unix.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setfsuid(0) }()
	}
	_, err := edgetpu.Load(path)
	if !errors.Is(err, edgetpu.ErrUnreadable) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

// TestConcurrentUse opens, lists and closes from several goroutines; the race detector and the count of what is left
// are the judges.
func TestConcurrentUse(t *testing.T) {
	path := simtest.Use(t, simtest.Config{Devices: []string{"usb", "pci"}})
	l := load(t, path)
	devices, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 20 {
				d, err := l.Open(devices[i%2], edgetpu.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := l.List(); err != nil {
					t.Error(err)
				}
				d.Delete()
			}
		}()
	}
	group.Wait()
	if n := simtest.Live(t, path); n != 0 {
		t.Errorf("%d objects of the library were not freed", n)
	}
}

// TestDelegateInInterpreter gives a delegate to an interpreter, which frees it; a program without TensorFlow Lite
// could not open one.
func TestDelegateInInterpreter(t *testing.T) {
	twin := testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	path := simtest.Use(t, simtest.Config{CPUModels: []string{twin}, Compute: simtest.CPUModel})
	l := load(t, path)
	devices, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Open(devices[0], edgetpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	compiled := testdata.Path(t, "models/mobilenet_v1_0.25_128_quant_edgetpu.tflite")
	n, err := tflite.Open(compiled, tflite.Options{Delegates: []tflite.Delegate{d}})
	if err != nil {
		t.Fatal(err)
	}
	if name := n.Device().Name; name != "edgetpu:usb:2-1" {
		t.Errorf("runs on %s", name)
	}
	if err := n.Invoke(t.Context()); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if d.Ptr() != nil {
		t.Error("the interpreter did not free its delegate")
	}
	if n := simtest.Live(t, path); n != 0 {
		t.Errorf("%d objects of the library were not freed", n)
	}
}
