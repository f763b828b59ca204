package configs

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
	"corallite/internal/sink/command"
)

const envPrefix = "CORALLITE_"

// ownVariables are read by other parts of the program.
var ownVariables = []string{
	"CORALLITE_CACHE", "CORALLITE_CORE", "CORALLITE_DOWNLOADS", "CORALLITE_LIBEDGETPU", "CORALLITE_MODEL_MIRROR",
	"CORALLITE_EXTRA_PATHS", "CORALLITE_TESTDATA",
}

// otherVariables are ownVariables, and those that are set when a command sink started this program.
var otherVariables = slices.Concat(ownVariables, command.Variables, []string{command.Mark})

// envName is the variable for the value at p: CORALLITE_PIPELINES_DOOR_SOURCE_VIDEO. Characters other than letters and
// digits become "_".
func envName(p path) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, strings.Join(p, "_"))
	return envPrefix + name
}

// addEnv binds every key to its variable, and rejects variables that look like one of a key and are not. Empty
// variables are ignored.
func (s *layers) addEnv() {
	given := givenVariables()
	if len(given) == 0 {
		return // the names of all keys of thousands of models take a fifth of the time of loading them
	}
	var known []string
	bound := map[string]path{}
	s.leaves(func(p path, k *key.Key) {
		name := envName(p)
		known = append(known, name)
		value, isGiven := given[name]
		if !isGiven {
			return
		}
		if other, twice := bound[name]; twice {
			s.report(origin{file: "environment variable " + name}, p, key.CodeDuplicate, fmt.Sprintf("also means %s: rename one of them, or use --set", other))
			return
		}
		bound[name] = p
		at := origin{file: "environment variable " + name}
		reads := k
		if k.Switch {
			reads = switchKey(k)
		}
		fits := s.fromText(reads, p, value, at, func(_ path, _ *key.Key, v any) {
			if k.Switch {
				s.setSwitch(fromEnv, p, v)
			} else {
				s.envValues[p.folded()] = v
			}
		})
		if !fits {
			s.bad[p.folded()] = true
			return
		}
		s.env[p.folded()] = at
		if !k.Switch {
			s.values.bindEnv(p, name)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, isBound := bound[name]; !isBound {
			s.unknownVariable(name, known)
		}
	}
}

// givenVariables are the variables that have a value and look like keys, without otherVariables.
func givenVariables() map[string]string {
	given := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, envPrefix) && value != "" && !slices.Contains(otherVariables, name) {
			given[name] = value
		}
	}
	return given
}

// unknownVariable reports a variable of no key, unless it may belong to another program. known are the variables of keys.
func (s *layers) unknownVariable(name string, known []string) {
	at := origin{file: "environment variable " + name}
	known = slices.Concat(otherVariables, known)
	near := didyoumean.Suggest(name, slices.DeleteFunc(known, func(k string) bool { return max(len(k)-len(name), len(name)-len(k)) > closeNames }))
	switch section, _, _ := strings.Cut(strings.TrimPrefix(name, envPrefix), "_"); {
	case near != "" && didyoumean.Distance(name, near) <= closeNames:
		s.report(at, nil, key.CodeUnknownKey, fmt.Sprintf("matches no key; did you mean %s?", near))
	case s.root.Child(strings.ToLower(section)) != nil:
		s.report(at, nil, key.CodeUnknownKey, "matches no key: expected CORALLITE_ and the path of a key, as in CORALLITE_LOG_LEVEL")
	}
}

// closeNames is the maximum number of letters in which a misspelled variable may differ from a known one. Others may
// belong to another program.
const closeNames = 2
