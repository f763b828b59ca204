package isolate

import (
	"log/slog"
	"time"
)

// MaxMessage is the most that a request or a reply may have, in bytes. What is larger goes through a Memory.
const MaxMessage = 64 << 10

// MaxSend is the number of Memories that may go with one request.
const MaxSend = 64

// Options say which child to start and how.
type Options struct {
	Kind    string   // which Handler of Main the child runs
	Name    string   // for people, in ps and in logs: "edgetpu usb:2-1"; "": Kind
	Setup   any      // what the child gets as Child.Setup, as JSON; a little less than MaxMessage of it
	Sandbox Sandbox  // what the child may reach; enforced as well as this kernel can, see Confinement
	Env     []string // nil: the part of the parent's that environ.Pick gives
	// Logger gets the child's log records with their level and attributes, and its lines on standard output and
	// standard error as records; nil: they are dropped. A Logger that blocks makes a child wait that writes much.
	Logger *slog.Logger
	// StartLimit is how long the child may take until it serves; 0: 30 s.
	StartLimit time.Duration
	// StopGrace is how long Close waits for an orderly end before it kills; 0: 2 s.
	StopGrace time.Duration

	landlock func() (version int, err error) // nil: this kernel's
}

func (o Options) landlockVersion() (int, error) {
	if o.landlock != nil {
		return o.landlock()
	}
	return landlockVersion()
}

const (
	defaultStartLimit = 30 * time.Second
	defaultStopGrace  = 2 * time.Second
)

// Sandbox is what a child may reach of the machine. The zero Sandbox lets it read what every program needs (its own
// binary, system libraries, /proc, processor and time zone data) and nothing else.
//
// A path that does not exist when the child starts is left out, and stays out of reach when it comes later: where
// device files come and go, name their folder.
type Sandbox struct {
	Off       bool     // nothing is confined
	Read      []string // files and folders that may be read, mapped and executed as libraries
	ReadWrite []string // device files, files and folders that may be changed too
	Network   bool     // internet sockets are allowed; local (AF_UNIX) and AF_NETLINK ones always are: libusb needs them
}

// Confinement is what really holds a child.
type Confinement struct {
	NoNewPrivileges bool     `json:"no_new_privileges"`
	Seccomp         bool     `json:"seccomp"`
	Landlock        int      `json:"landlock"`      // the kernel's ABI version; 0: files are not confined
	Why             []string `json:"why,omitempty"` // why something is missing
}

// CallOptions are what one Call may want.
type CallOptions struct {
	Deadline time.Duration // the child is killed when it has not answered by then; 0: none
	Send     []*Memory     // shared with the child: it gets them in this order with the request
}
