// Package miniaudio captures from PulseAudio (and PipeWire, which speaks its protocol) and from ALSA, through the C library
// miniaudio.
package miniaudio

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gen2brain/malgo"

	"corallite/internal/lastwords"
	"corallite/pipeline/mic/internal/backend"
)

// PulseAudio is the sound system of most desktops.
var PulseAudio backend.Backend = system{"pulseaudio", malgo.BackendPulseaudio}

// ALSA is the kernel's sound system.
var ALSA backend.Backend = system{"alsa", malgo.BackendAlsa}

// system is one of miniaudio's backends.
type system struct {
	name    string
	backend malgo.Backend
}

func (s system) Name() string { return s.name }

// isPulse reports whether there is a server, which can go.
func (s system) isPulse() bool { return s.backend == malgo.BackendPulseaudio }

// Connect connects to the sound system.
func (s system) Connect() (backend.Connection, error) {
	// A failed attempt leaks a file descriptor and memory of PulseAudio's library (miniaudio frees the main loop but not
	// the context), so it is made only where a server accepts connections.
	if s.isPulse() && !pulseAnswers() {
		return nil, errors.New("no PulseAudio server is running (looked at PULSE_SERVER, client.conf and below XDG_RUNTIME_DIR)")
	}
	log := newMessages()
	context, err := malgo.InitContext([]malgo.Backend{s.backend}, malgo.ContextConfig{}, log.add)
	if err != nil {
		return nil, log.error("ma_context_init", err)
	}
	return &connection{system: s, context: context, log: log, ids: map[string]malgo.DeviceID{}}, nil
}

// connection is a context of miniaudio.
type connection struct {
	system
	context *malgo.AllocatedContext
	log     *messages
	ids     map[string]malgo.DeviceID // as listed last
}

// Gone reports whether the PulseAudio server has ended, which miniaudio does not tell.
func (c *connection) Gone() bool { return c.isPulse() && !pulseAnswers() }

func (c *connection) Close() error {
	err := c.context.Uninit()
	if err != nil {
		err = c.log.error("ma_context_uninit", err)
	}
	c.context.Free()
	return err
}

// Microphones lists the capture devices.
func (c *connection) Microphones(details bool) ([]backend.Microphone, error) {
	infos, err := c.context.Devices(malgo.Capture)
	if err != nil {
		return nil, c.log.error("ma_context_get_devices", err)
	}
	var all []backend.Microphone
	for _, info := range infos {
		id, _, _ := strings.Cut(string(info.ID[:]), "\x00")
		if !c.isPulse() && !isMicrophone(id) {
			continue
		}
		m := backend.Microphone{
			Name: info.Name(), ID: id, Default: info.IsDefault != 0, Backend: c.name, Monitor: strings.HasSuffix(id, ".monitor"),
		}
		if details {
			// ALSA knows them only of a device that it can open, so one that is in use is listed without.
			if full, err := c.context.DeviceInfo(malgo.Capture, info.ID, malgo.Shared); err == nil {
				describe(&m, full.Formats)
			}
		}
		c.ids[id] = info.ID
		all = append(all, m)
	}
	return all, nil
}

// alsaPlugins are devices that ALSA lists and that are not microphones.
var alsaPlugins = []string{
	"null", "lavrate", "samplerate", "speexrate", "jack", "oss", "pulse", "pipewire", "speex", "upmix", "vdownmix", "usbstream",
}

// isMicrophone reports whether an ALSA device is one. Of the many names of a card only that of its hardware is listed, with
// the card's name instead of its number, which changes.
func isMicrophone(id string) bool {
	kind, rest, _ := strings.Cut(id, ":")
	if strings.Contains(rest, "CARD=") {
		return kind == "hw" || kind == "usbstream"
	}
	return !slices.Contains(alsaPlugins, kind)
}

func describe(m *backend.Microphone, formats []malgo.DataFormat) {
	for _, f := range formats {
		if f.SampleRate != 0 && !slices.Contains(m.Rates, int(f.SampleRate)) {
			m.Rates = append(m.Rates, int(f.SampleRate))
		}
		if f.Channels != 0 && !slices.Contains(m.Channels, int(f.Channels)) {
			m.Channels = append(m.Channels, int(f.Channels))
		}
		if name := formatNames[f.Format]; name != "" && !slices.Contains(m.Formats, name) {
			m.Formats = append(m.Formats, name)
		}
	}
	slices.Sort(m.Rates)
	slices.Sort(m.Channels)
	slices.Sort(m.Formats)
}

var formatNames = map[malgo.FormatType]string{
	malgo.FormatU8: "u8", malgo.FormatS16: "s16", malgo.FormatS24: "s24", malgo.FormatS32: "s32", malgo.FormatF32: "f32",
}

// messagesKept is the number of miniaudio's last log lines that an error shows.
const messagesKept = 3

// messages keeps the last lines that miniaudio logged.
type messages struct{ lines *lastwords.Words }

func newMessages() *messages { return &messages{lastwords.New(messagesKept)} }

func (m *messages) add(line string) {
	if !strings.HasPrefix(line, "Loading ") {
		fmt.Fprintln(m.lines, line)
	}
}

// error is the error of a failed call, with its status and the last messages.
func (m *messages) error(call string, err error) error {
	lines := m.lines.String()
	var status malgo.Result
	if errors.As(err, &status) {
		return fmt.Errorf("%s: %w (status %d): %s", call, err, int(status), lines)
	}
	return fmt.Errorf("%s: %w: %s", call, err, lines)
}
