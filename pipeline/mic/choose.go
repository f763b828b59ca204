package mic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/internal/reconnect"
)

// Microphone is a device that sound can be captured from.
type Microphone struct {
	Name     string   `json:"name"`               // as the system shows it
	ID       string   `json:"id"`                 // the same after a reboot: PulseAudio's name of the source, ALSA's of the card
	Default  bool     `json:"default"`            // what "default" takes now
	Monitor  bool     `json:"monitor,omitempty"`  // what is played on a loudspeaker
	Backend  string   `json:"backend"`            // "pulseaudio" (PipeWire too) or "alsa"
	Rates    []int    `json:"rates,omitempty"`    // samples a second, as far as known
	Channels []int    `json:"channels,omitempty"` // as far as known
	Formats  []string `json:"formats,omitempty"`  // as far as known: u8 s16 s24 s32 f32
}

func (m Microphone) String() string { return fmt.Sprintf("%q (%s)", m.Name, m.ID) }

// defaultName is the microphone that the system takes when none is named.
const defaultName = "default"

// choose finds the microphone of a name: an id, a name, or a part of a name that only one has. Monitors count only when
// nothing else has it. There is no choosing by number, because numbers move.
func choose(all []Microphone, name string) (Microphone, error) {
	if len(all) == 0 {
		return Microphone{}, errors.New("no microphone is there: neither PulseAudio (or PipeWire) nor ALSA shows one")
	}
	if name == "" || name == defaultName {
		return defaultOf(all), nil
	}
	folded := strings.ToLower(name)
	for _, fits := range []func(Microphone) bool{
		func(m Microphone) bool { return m.ID == name },
		func(m Microphone) bool { return m.Name == name },
		func(m Microphone) bool { return strings.ToLower(m.Name) == folded },
		func(m Microphone) bool { return !m.Monitor && strings.Contains(strings.ToLower(m.Name), folded) },
		func(m Microphone) bool { return m.Monitor && strings.Contains(strings.ToLower(m.Name), folded) },
	} {
		var found []Microphone
		for _, m := range all {
			if fits(m) {
				found = append(found, m)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Microphone{}, reconnect.Permanent(fmt.Errorf("microphone %q: several have that name: %s; name one by what stands in brackets", name, list(found)))
		}
	}
	return Microphone{}, fmt.Errorf("microphone %q is not there; there are: %s", name, list(all))
}

// defaultOf is the microphone that is marked as the default one, or the first that is one.
func defaultOf(all []Microphone) Microphone {
	if i := slices.IndexFunc(all, func(m Microphone) bool { return m.Default }); i >= 0 {
		return all[i]
	}
	if i := slices.IndexFunc(all, func(m Microphone) bool { return !m.Monitor }); i >= 0 {
		return all[i]
	}
	return all[0]
}

func list(all []Microphone) string {
	var words []string
	for _, m := range all {
		words = append(words, m.String())
	}
	return strings.Join(words, ", ")
}
