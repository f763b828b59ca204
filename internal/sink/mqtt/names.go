package mqtt

import (
	"fmt"
	"strings"
)

// slug is a name with only letters, digits, _ and -, as it may stand in a level of a topic and in an id.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, name)
	if s == "" {
		return "_"
	}
	return s
}

// slugs gives each name a slug of its own.
type slugs struct {
	of    map[string]string
	taken map[string]bool
}

// reserve keeps names from being given.
func (s *slugs) reserve(names ...string) {
	s.of, s.taken = map[string]string{}, map[string]bool{}
	for _, n := range names {
		s.taken[n] = true
	}
}

func (s *slugs) get(name string) string {
	if known, ok := s.of[name]; ok {
		return known
	}
	if s.of == nil {
		s.of, s.taken = map[string]string{}, map[string]bool{}
	}
	base := slug(name)
	out := base
	for n := 2; s.taken[out]; n++ {
		out = fmt.Sprintf("%s_%d", base, n)
	}
	s.of[name], s.taken[out] = out, true
	return out
}
