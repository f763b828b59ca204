package miniaudio

import (
	"cmp"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/gen2brain/malgo"

	"corallite/pipeline/mic/internal/backend"
)

// stream is a device of miniaudio.
type stream struct {
	device  *malgo.Device
	log     *messages
	format  backend.Format
	receive func(data []byte) // set before the device starts
	stopped chan struct{}     // closed when miniaudio reports that the device stopped
}

// period is how often a microphone delivers samples, in milliseconds; PulseAudio takes it for the wanted latency. periods
// is how many of them the sound system buffers while this program gets no processor. What comes after that is lost
// uncounted, so there are many; they add no latency.
const (
	period  = 10
	periods = 100
)

// pulseChannels are asked of PulseAudio where nobody says how many there are: both of most microphones. The server makes
// two of one, and of more it mixes two.
const pulseChannels = 2

// AsksChannels is true of PulseAudio.
func (c *connection) AsksChannels() bool { return c.isPulse() }

// Open opens a microphone with its own rate and format.
func (c *connection) Open(id string, channels int) (backend.Stream, error) {
	config := malgo.DefaultDeviceConfig(malgo.Capture)
	config.Capture.Format, config.Capture.Channels, config.SampleRate = malgo.FormatUnknown, 0, 0 // the device's own
	if c.isPulse() {
		// When a microphone or the server vanishes just now, miniaudio does not know the number of channels, and
		// PulseAudio's library aborts the program when asked for none.
		config.Capture.Channels = uint32(cmp.Or(channels, pulseChannels))
	}
	config.PeriodSizeInMilliseconds, config.Periods = period, periods
	config.NoFixedSizedCallback = 1 // deliver as it comes: one copy less, and earlier
	config.Pulse.StreamNameCapture = "corallite"
	if id != "" {
		device, known := c.ids[id]
		if !known {
			return nil, fmt.Errorf("%s has no microphone %q", c.name, id)
		}
		// miniaudio copies the id while it opens the device. Until then C reads this memory of Go, which must not move and
		// has no pointers.
		var pinned runtime.Pinner
		defer pinned.Unpin()
		pinned.Pin(&device)
		config.Capture.DeviceID = unsafe.Pointer(&device)
	}
	s := &stream{log: c.log, stopped: make(chan struct{})}
	var once sync.Once
	var err error
	s.device, err = malgo.InitDevice(c.context.Context, config, malgo.DeviceCallbacks{
		Data: func(_, in []byte, _ uint32) { s.receive(in) }, // in is C memory, valid until this returns
		Stop: func() { once.Do(func() { close(s.stopped) }) },
	})
	if err != nil {
		return nil, c.log.error("ma_device_init", err)
	}
	// The samples are in the machine's byte order, which is little-endian wherever this program runs.
	name := formatNames[s.device.CaptureFormat()]
	if name != "u8" {
		name += "le"
	}
	s.format = backend.Format{Encoding: name, Rate: int(s.device.SampleRate()), Channels: int(s.device.CaptureChannels())}
	return s, nil
}

func (s *stream) Format() backend.Format { return s.format }

func (s *stream) Start(receive func(data []byte)) error {
	s.receive = receive
	if err := s.device.Start(); err != nil {
		return s.log.error("ma_device_start", err)
	}
	return nil
}

func (s *stream) Stopped() <-chan struct{} { return s.stopped }

// Close ends the stream. The device is stopped first: closing alone does not wake a thread that waits for a server that has
// gone.
func (s *stream) Close() error {
	var err error
	if s.device.IsStarted() {
		if err = s.device.Stop(); err != nil {
			err = s.log.error("ma_device_stop", err)
		}
	}
	s.device.Uninit()
	return err
}
