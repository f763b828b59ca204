package configs

import "corallite/internal/key"

// A group that is a switch (key.Key.Switch) can be true or false in one layer and have keys in another: track: true in
// the file and --set models.M.track.max_lost=3. The store cannot have both at one path, so true and false are kept
// here.

// setSwitch records true or false for the group at p.
func (s *layers) setSwitch(from layer, p path, value any) {
	if s.switches[p.folded()] == nil {
		s.switches[p.folded()] = map[layer]bool{}
	}
	s.switches[p.folded()][from] = value.(bool)
}

// isOn reports whether the group k at p, which some layer mentions, is on: unless the layer with the highest precedence
// has false.
func (s *layers) isOn(p path, k *key.Key) bool {
	first := s.layer(p)
	for _, c := range k.Keys {
		first = max(first, s.layer(p.to(c.Name)))
	}
	on, isSwitched := s.switches[p.folded()][first]
	return on || !isSwitched
}

// switchKey is a switch where only true and false are valid.
func switchKey(k *key.Key) *key.Key {
	return &key.Key{Name: k.Name, Kind: key.KindBoolean, Doc: k.Doc}
}
