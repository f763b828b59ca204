package configs

import (
	"fmt"
	"slices"
	"strings"

	"corallite/internal/key"
	"corallite/internal/part"
)

// Source is an origin of pictures or sound: a pointer to the configuration of its kind, such as *camera.URLConfig.
type Source = part.Source

// Sounds reports whether the pipeline's source gives nothing but sound.
func (p Pipeline) Sounds() bool { return p.Source != nil && p.Source.About().Gives == part.Sound }

// source reads the source; nil if something is wrong. A later layer's source replaces an earlier one: with images in
// the file, --set pipelines.P.source.video=V means the video.
func (s *layers) source(p path, k *key.Key) Source {
	if s.bad[p.folded()] {
		return nil
	}
	chosen, ok := s.chosen(p, k)
	if !ok {
		return nil
	}
	values := map[string]any{chosen: s.get(p.to(chosen))}
	for _, c := range k.Keys {
		at := p.to(c.Name)
		switch {
		case c.Requires == nil:
		case s.bad[at.folded()]:
			return nil
		case slices.Contains(c.Requires, chosen):
			if v := s.get(at); v != nil {
				values[c.Name] = v
			}
		case s.layer(at) < s.layer(p.to(chosen)): // of the source that was replaced
		case s.layer(at) != nowhere:
			s.problem(at, key.CodeConflict, "only applies to %s, but the source is %s", joinWords(c.Requires), chosen)
		}
	}
	out := s.parts.Source(chosen)
	keys := out.Keys()
	keys.Set(values)
	for _, c := range keys.Keys() {
		s.checkSiblings(p, c, func(name string) bool { return s.given(p, name) })
	}
	if c, ok := out.(part.Checker); ok {
		c.Check(s.checkFor(p, nil))
	}
	return out
}

// chosen is the one key that selects the kind of source.
func (s *layers) chosen(p path, k *key.Key) (string, bool) {
	var names, given []string
	best := nowhere
	for _, c := range k.Keys {
		if c.Requires != nil {
			continue
		}
		names = append(names, c.Name)
		at := p.to(c.Name)
		switch l := s.layer(at); {
		case s.bad[at.folded()]:
			return "", false
		case l > best:
			given, best = []string{c.Name}, l
		case l == best && l != nowhere:
			given = append(given, c.Name)
		}
	}
	switch len(given) {
	case 0:
		s.problem(p, key.CodeMissingKey, "required key is missing: expected one of %s", joinWords(names))
	case 1:
		return given[0], true
	default:
		s.problem(p.to(given[1]), key.CodeConflict, "%s is set as well: expected only one of %s", given[0], joinWords(names))
	}
	return "", false
}

// sourceKeys are the keys of all kinds of sources: each kind's main key, then the additional ones. Keys that several
// kinds have are described once, with the default of each.
func sourceKeys(sources []func() part.Source) *key.Key {
	group := &key.Key{Name: "source", Kind: key.KindGroup, OneOf: true, Required: true}
	var kinds, live []string
	var others []*key.Key
	usual := map[string][]usually{}
	for _, make := range sources {
		source := make()
		about, keys := source.About(), source.Keys().Keys()
		kinds = append(kinds, about.Kind)
		if about.Live {
			live = append(live, about.Kind)
		}
		group.Keys = append(group.Keys, keys[0])
		for _, k := range keys[1:] {
			usual[k.Name] = append(usual[k.Name], usually{about.Kind, k.DefaultDoc})
			i := slices.IndexFunc(others, func(o *key.Key) bool { return o.Name == k.Name })
			if i < 0 {
				i = len(others)
				others = append(others, k)
			}
			others[i].Requires = append(others[i].Requires, about.Kind)
		}
	}
	for _, k := range others {
		k.DefaultDoc = usualOf(usual[k.Name])
	}
	group.Keys = append(group.Keys, others...)
	group.Doc = fmt.Sprintf("Where pictures or sound come from: exactly one of %s, with the keys that go with it. A live source (%s) that stalls, fails, is unplugged or is not there yet is reopened, for as long as it takes; models that cannot keep up get the newest frame.", quotedWords(kinds, "and"), quotedWords(live, "or"))
	return group
}

// usually describes a kind's default of a key.
type usually struct{ kind, value string }

// usualOf describes the defaults: a common one once, else each with its kinds.
func usualOf(all []usually) string {
	var values []string
	kinds := map[string][]string{}
	for _, u := range all {
		if kinds[u.value] == nil {
			values = append(values, u.value)
		}
		kinds[u.value] = append(kinds[u.value], u.kind)
	}
	if len(values) == 1 {
		return values[0]
	}
	for i, v := range values {
		values[i] = v + " with " + quotedWords(kinds[v], "and")
	}
	return strings.Join(values, ", ")
}

// quotedWords is "`a`, `b` and `c`".
func quotedWords(words []string, last string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " " + last + " " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}
