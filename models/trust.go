package models

// Trust says for how many files of a model the catalog has the sha256.
type Trust string

// The kinds of Trust.
const (
	Verified   Trust = "verified"   // for all
	Partly     Trust = "partly"     // for all but the model compiled for the Edge TPU, which is pulled only if accepted unverified
	Unverified Trust = "unverified" // not for the model, or not for a file that it needs
)

// Trust returns the entry's trust.
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

// needed returns the files that make the model complete in this cache: all but a model compiled for the Edge TPU for
// which neither the catalog nor a record has a checksum.
func (s *Store) needed(e *Entry) []*File {
	var out []*File
	for _, f := range e.Files.All() {
		if f == e.Files.EdgeTPU {
			// If its record is unreadable, its check will say so.
			if p, err := s.pin(e, f); err == nil && !p.known() {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// size is the total size of the needed files in bytes; 0 if any is unknown.
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
