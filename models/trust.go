package models

// Trust says how the catalog lets a model's files be verified.
type Trust string

// The kinds of Trust.
const (
	Verified   Trust = "verified"   // all by sha256
	ByGit      Trust = "git"        // all, at least one of them by git's object id, a sha1, at its first download; then by the sha256 recorded there
	Partly     Trust = "partly"     // all but the model compiled for the Edge TPU, which is pulled only if accepted unverified
	Unverified Trust = "unverified" // not the model, or not a file that it needs
)

// Trust returns the entry's trust.
func (e *Entry) Trust() Trust {
	trust := Verified
	for _, f := range e.Files.All() {
		switch {
		case f.SHA256 != "":
		case f.GitBlob != "":
			if trust == Verified {
				trust = ByGit
			}
		case f != e.Files.EdgeTPU:
			return Unverified
		default:
			trust = Partly
		}
	}
	return trust
}

// Known reports whether every file can be verified.
func (t Trust) Known() bool { return t == Verified || t == ByGit }

// needed returns the files that make the model complete in this cache: all but a model compiled for the Edge TPU for
// which neither the catalog nor a record has a sha256. One that git's object id verifies is needed once it was pulled,
// so that a cache of an earlier version, which skipped it, stays usable.
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
