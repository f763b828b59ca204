package isolate

import (
	"log/slog"
	"time"
)

// MaxMessage is the maximum size of a request or reply in bytes. Use a Memory for more.
const MaxMessage = 64 << 10

// MaxSend is the maximum number of Memories per request.
const MaxSend = 64

// Options say which child to start and how.
type Options struct {
	Kind    string   // key of the child's Handler in Main
	Name    string   // for ps and logs: "edgetpu usb:2-1"; "": Kind
	Setup   any      // Child.Setup, sent as JSON; a little less than MaxMessage of it
	Sandbox Sandbox  // what the child may access; enforced as far as this kernel can, see Confinement
	Env     []string // nil: the parent's variables that environ.Pick selects
	// Logger gets the child's log records with their level and attributes, and its lines on standard output and
	// standard error as records; nil: they are dropped. A slow Logger slows down a child that writes much.
	Logger *slog.Logger
	// StartLimit is the maximum time until the child serves; 0: 30 s.
	StartLimit time.Duration
	// StopGrace is how long Close waits for an orderly end before it kills the child; 0: 2 s.
	StopGrace time.Duration

	landlock func() (version int, err error) // nil: that of this kernel
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

// Sandbox is what a child may access. The zero Sandbox lets it read what every program needs (its own binary, system
// libraries, /proc, processor and time zone data) and nothing else.
//
// Paths that do not exist when the child starts are skipped and stay inaccessible even if they appear later: if device
// files come and go, give their folder.
type Sandbox struct {
	Off       bool     // no confinement
	Read      []string // files and folders that may be read, mapped and executed as libraries
	ReadWrite []string // device files, files and folders that may also be changed
	Network   bool     // internet sockets are allowed; AF_UNIX and AF_NETLINK ones always are: libusb needs them
}

// Confinement is what really confines a child.
type Confinement struct {
	NoNewPrivileges bool     `json:"no_new_privileges"`
	Seccomp         bool     `json:"seccomp"`
	Landlock        int      `json:"landlock"`      // the kernel's ABI version; 0: files are not confined
	Why             []string `json:"why,omitempty"` // reasons why something is missing
}

// CallOptions are options of one Call.
type CallOptions struct {
	Deadline time.Duration // the child is killed if it has not answered by then; 0: none
	Send     []*Memory     // shared with the child, which gets them in this order with the request
}
