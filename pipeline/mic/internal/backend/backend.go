// Package backend is what a microphone source needs of a sound system: package miniaudio reaches PulseAudio, PipeWire and
// ALSA, package backendtest is one in memory for tests. A new sound system is a package with a Backend and one line in
// mic.Backends.
//
// Sound systems hang, and devices vanish at any time. Therefore package mic makes every call that may block in a goroutine
// of its own and abandons it after a limit; when such a call returns later after all, what it opened is closed. An
// implementation need not guard against that, but it must bear several connections at once.
package backend

import "fmt"

// Backend is a sound system.
type Backend interface {
	// Name is the name that users know: "pulseaudio".
	Name() string
	// Connect connects to the sound system. Its error says why the system cannot be used.
	Connect() (Connection, error)
}

// Connection is a connection to a sound system. Its methods are called by one goroutine at a time.
type Connection interface {
	// Microphones lists the devices that there are now. details adds Rates, Channels and Formats, which may cost a query
	// for each device.
	Microphones(details bool) ([]Microphone, error)
	// Open opens the microphone with that ID and starts nothing yet. An empty id is the system's default, which the
	// stream follows when the user changes it. channels is how many the microphone has, if AsksChannels; else, or at 0,
	// the system gives what it likes.
	Open(id string, channels int) (Stream, error)
	// AsksChannels reports whether the system mixes the channels unless it is told how many there are.
	AsksChannels() bool
	// Gone reports whether the server that the connection was made to has ended, where the system does not report that
	// as the end of the stream. It must answer quickly; it may be called while a stream runs.
	Gone() bool
	// Close ends the connection, after its streams were closed.
	Close() error
}

// Stream is an open microphone.
type Stream interface {
	// Format is the format of the samples.
	Format() Format
	// Start starts capturing. receive gets the samples as they come, whole frames, with channels interleaved; data is
	// valid only during the call. Calls come one at a time, from any goroutine, and none after Close has returned.
	Start(receive func(data []byte)) error
	// Stopped is closed when the sound system stopped the stream.
	Stopped() <-chan struct{}
	// Close stops capturing and closes the microphone.
	Close() error
}

// Format is how samples are encoded.
type Format struct {
	Encoding string // one of mic.Formats: "s16le"
	Rate     int    // samples per second
	Channels int
}

// Microphone is a device that sound can be captured from.
type Microphone struct {
	Name     string   `json:"name"`               // as the system shows it
	ID       string   `json:"id"`                 // stays the same after a reboot: PulseAudio's source name, ALSA's card name
	Default  bool     `json:"default"`            // the system's default now
	Monitor  bool     `json:"monitor,omitempty"`  // captures what is played on a loudspeaker
	Backend  string   `json:"backend"`            // Backend.Name: "pulseaudio" (PipeWire too) or "alsa"
	Rates    []int    `json:"rates,omitempty"`    // samples per second, as far as known
	Channels []int    `json:"channels,omitempty"` // as far as known
	Formats  []string `json:"formats,omitempty"`  // as far as known: u8 s16 s24 s32 f32
}

func (m Microphone) String() string { return fmt.Sprintf("%q (%s)", m.Name, m.ID) }
