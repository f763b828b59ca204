package edgetpu

import (
	"maps"
	"os"
	"reflect"
	"strconv"
	"syscall"
	"testing"
)

// cards is a machine with two PCI cards, of which one has no driver, another PCI device, and a stick on USB 2.
var cards = map[string]string{
	"/sys/bus/pci/devices/0000:01:00.0/vendor": "0x1ac1\n",
	"/sys/bus/pci/devices/0000:01:00.0/device": "0x089a\n",
	"/sys/bus/pci/devices/0000:01:00.0/driver": "-> ../../../../bus/pci/drivers/apex",
	"/sys/class/apex/apex_0/device":            "-> ../../../0000:01:00.0",
	"/sys/class/apex/apex_0/temp":              "41000\n",
	"/sys/bus/pci/devices/0000:02:00.0/vendor": "0x1ac1\n",
	"/sys/bus/pci/devices/0000:02:00.0/device": "0x089a\n",
	"/sys/bus/pci/devices/0000:03:00.0/vendor": "0x8086\n",
	"/sys/bus/pci/devices/0000:03:00.0/device": "0x089a\n",
	"/dev/apex_0":          "",
	stick + "/idVendor":    "18d1\n",
	stick + "/idProduct":   "9302\n",
	stick + "/busnum":      "2\n",
	stick + "/devnum":      "7\n",
	stick + "/speed":       "480\n",
	"/dev/bus/usb/002/007": "",
	"/proc/4242/comm":      "frigate\n",
	"/proc/4242/fd/3":      "-> /dev/apex_0",
}

func TestDescribe(t *testing.T) {
	s := machine(t, cards)
	s.Access = func(string) error { return syscall.EACCES }
	usb := s.Describe(Device{USB, stick})
	if want := (Node{Path: "/dev/bus/usb/002/007", There: true, Denied: syscall.EACCES, Mode: 0o644,
		Group: usb.Node.Group, GroupID: os.Getegid()}); !reflect.DeepEqual(usb.Node, want) {
		t.Errorf("node of the stick: %+v, want %+v", usb.Node, want)
	}
	usb.Node = Node{}
	if want := (Description{Device: Device{USB, stick}, Name: "usb:2-1", ID: "18d1:9302", Speed: HighSpeed}); !reflect.DeepEqual(usb, want) {
		t.Errorf("the stick: %+v, want %+v", usb, want)
	}
	s.Access = nil // this process may read and write what it made
	pci := s.Describe(Device{PCI, "/dev/apex_0"})
	if pci.Node.Denied != nil || !reflect.DeepEqual(pci.Node.Holders, []Holder{{4242, "frigate"}}) {
		t.Errorf("node of the card: %+v", pci.Node)
	}
	pci.Node = Node{}
	want := Description{Device: Device{PCI, "/dev/apex_0"}, Name: "pci:0000:01:00.0", ID: "1ac1:089a", Driver: "apex"}
	if !reflect.DeepEqual(pci, want) {
		t.Errorf("the card: %+v, want %+v", pci, want)
	}
}

func TestDescribeFresh(t *testing.T) {
	d := machine(t, tree).Describe(Device{USB, stick})
	if !d.Fresh || d.ID != usbFresh || d.Speed != 0 {
		t.Errorf("a stick before its first use, on a kernel that shows no speed: %+v", d)
	}
}

func TestDescribeGone(t *testing.T) {
	for _, d := range []Device{{USB, "/sys/bus/usb/devices/9-9"}, {PCI, "/dev/apex_9"}} {
		about := machine(t, cards).Describe(d)
		if about.ID != "" || about.Node.There || about.Name != machine(t, cards).StableName(d) {
			t.Errorf("%s, which is not there: %+v", d, about)
		}
	}
}

func TestCards(t *testing.T) {
	got := machine(t, cards).Cards()
	want := []Card{{"0000:01:00.0", "apex", "/dev/apex_0"}, {"0000:02:00.0", "", ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStableName(t *testing.T) {
	const apex0, apex1 = "/sys/class/apex/apex_0", "/sys/class/apex/apex_1"
	for _, c := range []struct {
		name   string
		device Device
		files  map[string]string
		want   string
	}{
		{"USB port", Device{USB, stick}, nil, "usb:2-1"},
		{"USB port behind hubs", Device{USB, usbDevices + "1-1.4.2"}, nil, "usb:1-1.4.2"},
		{"no USB port", Device{USB, "/somewhere/2-1"}, nil, "usb:/somewhere/2-1"},
		{"PCI address by link", Device{PCI, "/dev/apex_0"}, nil, "pci:0000:01:00.0"},
		{"PCI address by the driver", Device{PCI, "/dev/apex_0"}, map[string]string{apex0 + "/pci_address": "0000:0A:00.0\n"}, "pci:0000:0a:00.0"},
		{"unique id", Device{PCI, "/dev/apex_0"}, map[string]string{apex0 + "/unique_id": "0a1b2c3d4e5f6071\n"}, "apex:0a1b2c3d4e5f6071"},
		{"unique id that was not burnt", Device{PCI, "/dev/apex_0"}, map[string]string{apex0 + "/unique_id": "0000000000000000\n"}, "pci:0000:01:00.0"},
		{"chip that does not answer", Device{PCI, "/dev/apex_0"}, map[string]string{apex0 + "/unique_id": "ffffffffffffffff\n"}, "pci:0000:01:00.0"},
		{"unique id that is not", Device{PCI, "/dev/apex_0"},
			map[string]string{apex0 + "/unique_id": "0a1b\n", apex1 + "/unique_id": "0a1b\n"}, "pci:0000:01:00.0"},
		{"unique id in a form that no device string has", Device{PCI, "/dev/apex_0"}, map[string]string{apex0 + "/unique_id": "0a:1b\n"}, "pci:0000:01:00.0"},
		{"nothing shown", Device{PCI, "/dev/apex_5"}, nil, "pci:/dev/apex_5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(cards)
			maps.Copy(files, c.files)
			got := machine(t, files).StableName(c.device)
			if got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
			if _, err := ParseSpec(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHolders looks at this process's own files as another process would.
func TestHolders(t *testing.T) {
	s := machine(t, map[string]string{
		"/proc/" + strconv.Itoa(os.Getpid()) + "/fd/3": "-> /dev/apex_0",
		"/proc/7/fd/1": "-> /dev/apex_0",
		"/proc/8/fd/1": "-> /dev/apex_01",
	})
	if got := s.holders("/dev/apex_0"); len(got) != 2 {
		t.Errorf("in a made-up tree this process's number is another's: got %v", got)
	}
	open, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if got := (System{}).holders(open.Name()); len(got) != 0 {
		t.Errorf("what only this process has open is held by %v", got)
	}
}
