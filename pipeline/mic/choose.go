package mic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/internal/reconnect"
	"corallite/pipeline/mic/internal/backend"
)

// Microphone is a device that sound can be captured from.
type Microphone = backend.Microphone

// defaultName is the name of the system's default microphone.
const defaultName = "default"

// choose finds a microphone by its ID, its name, or a part of the name that only one has. Monitors count only when nothing
// else fits. Numbers are not accepted, because they change.
func choose(all []Microphone, name string) (Microphone, error) {
	if len(all) == 0 {
		return Microphone{}, errors.New("no microphone found: connect one, or check that the sound system shows it (corallite devices)")
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
			return Microphone{}, reconnect.Permanent(fmt.Errorf("microphone %q is ambiguous: %s; use the ID in brackets", name, list(found)))
		}
	}
	return Microphone{}, fmt.Errorf("microphone %q not found; there are: %s", name, list(all))
}

// defaultOf returns the default microphone, or else the first that is not a monitor.
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
