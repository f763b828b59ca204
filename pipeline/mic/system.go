package mic

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"

	"corallite/internal/lastwords"
)

// system is a connection to what has the microphones: miniaudio's context.
type system struct {
	context *malgo.AllocatedContext
	backend malgo.Backend
	said    *notes
}

// openSystem connects to PulseAudio (or to what speaks its protocol), or, where none answers, to ALSA. The backend that
// is wanted is the one that an earlier connection had; nil: any.
func openSystem(wanted *malgo.Backend) (*system, error) {
	backends := []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa}
	if wanted != nil {
		backends = []malgo.Backend{*wanted}
	}
	var errs []error
	for _, b := range backends {
		// A try in vain costs PulseAudio's library a file descriptor and memory that it does not give back
		// (miniaudio frees the main loop and not the context), so it is made only where somebody listens.
		if b == pulseBackend && !pulseAnswers() {
			errs = append(errs, errors.New("no PulseAudio server answers (its address is in PULSE_SERVER or below XDG_RUNTIME_DIR)"))
			continue
		}
		said := newNotes()
		context, err := malgo.InitContext([]malgo.Backend{b}, malgo.ContextConfig{}, said.add)
		if err == nil {
			return &system{context: context, backend: b, said: said}, nil
		}
		errs = append(errs, said.error("ma_context_init", err))
	}
	return nil, fmt.Errorf("no sound system can be used: %w", errors.Join(errs...))
}

// gone says whether the server that the connection was made to is no more. miniaudio does not tell.
func (s *system) gone() bool { return s.backend == pulseBackend && !pulseAnswers() }

func (s *system) close() error {
	err := s.context.Uninit()
	if err != nil {
		err = s.said.error("ma_context_uninit", err)
	}
	s.context.Free()
	return err
}

// device is a microphone with its number within one connection.
type device struct {
	Microphone
	id malgo.DeviceID
}

// pulseBackend is the backend whose server can go.
const pulseBackend malgo.Backend = malgo.BackendPulseaudio

// backendNames are the backends as users know them.
var backendNames = map[malgo.Backend]string{malgo.BackendPulseaudio: "pulseaudio", malgo.BackendAlsa: "alsa"}

// devices are the microphones that there are. details: with rates, channels and formats, which costs a question each.
func (s *system) devices(details bool) ([]device, error) {
	infos, err := s.context.Devices(malgo.Capture)
	if err != nil {
		return nil, s.said.error("ma_context_get_devices", err)
	}
	var all []device
	for _, info := range infos {
		d := device{id: info.ID}
		id, _, _ := strings.Cut(string(info.ID[:]), "\x00")
		if s.backend == malgo.BackendAlsa && !isMicrophone(id) {
			continue
		}
		d.Name, d.ID, d.Default, d.Backend = info.Name(), id, info.IsDefault != 0, backendNames[s.backend]
		d.Monitor = strings.HasSuffix(id, ".monitor")
		if details {
			// ALSA tells them only of a device that can be opened; one that is in use is listed without.
			if full, err := s.context.DeviceInfo(malgo.Capture, info.ID, malgo.Shared); err == nil {
				d.describe(full.Formats)
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// alsaPlugins are devices that ALSA lists and that are no microphones.
var alsaPlugins = []string{
	"null", "lavrate", "samplerate", "speexrate", "jack", "oss", "pulse", "pipewire", "speex", "upmix", "vdownmix", "usbstream",
}

// isMicrophone says whether an ALSA device is one. Of a card's many names the one of its hardware is shown, by the card's
// own name and not by its number, which moves.
func isMicrophone(id string) bool {
	kind, rest, _ := strings.Cut(id, ":")
	if strings.Contains(rest, "CARD=") {
		return kind == "hw" || kind == "usbstream"
	}
	return !slices.Contains(alsaPlugins, kind)
}

func (d *device) describe(formats []malgo.DataFormat) {
	for _, f := range formats {
		if f.SampleRate != 0 && !slices.Contains(d.Rates, int(f.SampleRate)) {
			d.Rates = append(d.Rates, int(f.SampleRate))
		}
		if f.Channels != 0 && !slices.Contains(d.Channels, int(f.Channels)) {
			d.Channels = append(d.Channels, int(f.Channels))
		}
		if name := formatNames[f.Format]; name != "" && !slices.Contains(d.Formats, name) {
			d.Formats = append(d.Formats, name)
		}
	}
	slices.Sort(d.Rates)
	slices.Sort(d.Channels)
	slices.Sort(d.Formats)
}

var formatNames = map[malgo.FormatType]string{
	malgo.FormatU8: "u8", malgo.FormatS16: "s16", malgo.FormatS24: "s24", malgo.FormatS32: "s32", malgo.FormatF32: "f32",
}

// capturing is a microphone that is being heard.
type capturing struct {
	system  *system
	device  *malgo.Device
	ring    *ring
	stopped chan struct{} // closed when miniaudio says that the device stopped
}

// period is how often a microphone is to hand over what it heard, in milliseconds. PulseAudio takes it for the latency
// that is wanted. periods is how many the sound system keeps when this program gets no processor for a while; what
// comes after that is lost uncounted, so there are many. They cost no latency.
const (
	period  = 10
	periods = 100
)

// capture opens a microphone in its own rate and format, and starts it. byDefault: the one that the system takes, and
// goes on taking when the user chooses another. The system is the capturing's to close.
func (s *system) capture(d device, byDefault bool, c *counts) (*capturing, error) {
	config := malgo.DefaultDeviceConfig(malgo.Capture)
	config.Capture.Format, config.Capture.Channels, config.SampleRate = malgo.FormatUnknown, 0, 0 // the device's own
	if s.backend == pulseBackend {
		// Their mean, which the server makes. When a microphone or the server goes just now, miniaudio does not know how
		// many channels there are, and PulseAudio's library ends the program because of that.
		config.Capture.Channels = 1
	}
	config.PeriodSizeInMilliseconds, config.Periods = period, periods
	config.NoFixedSizedCallback = 1 // as it comes: one copy less, and earlier
	config.Pulse.StreamNameCapture = "corallite"
	if !byDefault {
		// miniaudio copies the id while the device is opened. Until then C sees memory of Go, which must stay where it is
		// and have no pointers.
		id := d.id
		var pinned runtime.Pinner
		defer pinned.Unpin()
		pinned.Pin(&id)
		config.Capture.DeviceID = unsafe.Pointer(&id)
	}
	h := &capturing{system: s, stopped: make(chan struct{})}
	var once sync.Once
	var l layout
	var samples []float32
	dev, err := malgo.InitDevice(s.context.Context, config, malgo.DeviceCallbacks{
		Data: func(_, in []byte, _ uint32) {
			// in is C's, and gone when this returns: what leaves here is a copy.
			samples, _ = l.mono(samples[:0], in)
			h.ring.put(samples, time.Now())
		},
		Stop: func() { once.Do(func() { close(h.stopped) }) },
	})
	if err != nil {
		return nil, s.said.error("ma_device_init", err)
	}
	h.device = dev
	l, err = layoutOf(dev)
	if err != nil {
		dev.Uninit()
		return nil, err
	}
	samples = make([]float32, 0, l.rate)
	h.ring = newRing(l.rate, c)
	if err := dev.Start(); err != nil {
		dev.Uninit()
		return nil, s.said.error("ma_device_start", err)
	}
	return h, nil
}

// layoutOf is what a device hands over. miniaudio's samples have the machine's order of bytes, which is from the lowest
// up wherever this program runs.
func layoutOf(d *malgo.Device) (layout, error) {
	l := layout{channels: int(d.CaptureChannels()), rate: int(d.SampleRate())}
	name := formatNames[d.CaptureFormat()]
	if name != "u8" {
		name += "le"
	}
	var err error
	if l.encoding, err = encodingNamed(name); err != nil {
		return l, err
	}
	return l, l.check()
}

// close ends the capturing and its connection; nothing is called back any more. The device is stopped before: its end
// alone does not wake a thread that waits for a server that has gone.
func (c *capturing) close() error {
	var err error
	if c.device.IsStarted() {
		if err = c.device.Stop(); err != nil {
			err = c.system.said.error("ma_device_stop", err)
		}
	}
	c.device.Uninit()
	return errors.Join(err, c.system.close())
}

// notes keep what miniaudio says.
type notes struct{ words *lastwords.Words }

func newNotes() *notes { return &notes{lastwords.New(wordsKept)} }

func (n *notes) add(line string) {
	if !strings.HasPrefix(line, "Loading ") {
		fmt.Fprintln(n.words, line)
	}
}

// error is a failed call of miniaudio, with its status and what was said last.
func (n *notes) error(call string, err error) error {
	said := n.words.String()
	var status malgo.Result
	if errors.As(err, &status) {
		return fmt.Errorf("%s: %w (status %d): %s", call, err, int(status), said)
	}
	return fmt.Errorf("%s: %w: %s", call, err, said)
}
