package models

// Trust says how many files of a model the catalog knows the sha256 of.
type Trust string

// The kinds of Trust.
const (
	Verified   Trust = "verified"   // of all
	Partly     Trust = "partly"     // of all but the compiled twin, which is fetched only for who accepts it unverified
	Unverified Trust = "unverified" // not of the model or of a file that it needs
)

// Trust is the entry's.
func (e *Entry) Trust() Trust {
	trust := Verified
	for _, f := range e.Files.All() {
		switch {
		case f.SHA256 != "":
		case f != e.Files.EdgeTPU:
			return Unverified
		default:
			trust = Partly
		}
	}
	return trust
}

// needed is the files that make the model whole in this cache: all, but not a compiled twin that neither the catalog
// nor a record knows.
func (s *Store) needed(e *Entry) []*File {
	var out []*File
	for _, f := range e.Files.All() {
		if f == e.Files.EdgeTPU {
			// A record that cannot be read is the twin's, and its check says so.
			if p, err := s.pin(e, f); err == nil && !p.known() {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// size is the bytes of the needed files; 0 when that of one is not known.
func (s *Store) size(e *Entry) int64 {
	var sum int64
	for _, f := range s.needed(e) {
		p, err := s.pin(e, f)
		if err != nil || !p.known() {
			return 0
		}
		sum += p.size
	}
	return sum
}
