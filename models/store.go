package models

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"corallite/internal/didyoumean"
)

// Options says where a Store keeps and finds files. Empty fields are taken from the environment, as the package
// comment says.
type Options struct {
	Cache     string       // the folder that models/ and locks/ are in
	Downloads string       // the folder of fetched packages
	Mirror    string       // a folder or an http(s) address
	Client    *http.Client // for mirrors and addresses; nil: one that gives up on servers that do not answer

	// RootCAs are the authorities that servers' certificates must come from, when Client is nil; nil: the system's.
	RootCAs *x509.CertPool
	// AcceptUnverified lets Pull fetch files whose sha256 the catalog does not know. What comes is recorded.
	AcceptUnverified bool
	// Internet lets Pull ask the places in the catalog for what a mirror does not have. Without a mirror it always does.
	Internet bool
}

// Store is the catalog and the cache on this machine. Its methods may be called by several goroutines and processes
// at once. It holds nothing open between calls. What it gives out of the cache has been compared with its sha256, in this
// process or in an earlier one.
type Store struct {
	catalog   *catalog
	cache     string
	noCache   error // why there is no cache folder
	downloads string
	mirror    string
	client    *http.Client
	accept    bool          // files that nothing is known about
	internet  bool          // is asked for what the mirror lacks
	pause     time.Duration // before the first repeated try; each further one waits twice as long
	stall     time.Duration // how long a server may send nothing
	settled   time.Duration // how old a file's last change must be for the file to be remembered

	mu      sync.Mutex
	checked map[string]checked  // by the place of the record
	sums    map[identity]string // of files that are not in the cache
}

// Open makes a Store of the built-in catalog. It touches no file; a missing cache folder is made by Pull.
func Open(o Options) (*Store, error) {
	c, err := builtin()
	if err != nil {
		return nil, err
	}
	return open(o, c), nil
}

func open(o Options, c *catalog) *Store {
	s := &Store{
		catalog: c, cache: o.Cache, downloads: o.Downloads, mirror: o.Mirror, client: o.Client, accept: o.AcceptUnverified,
		internet: o.Internet, pause: 500 * time.Millisecond, stall: 30 * time.Second, settled: settled,
		checked: map[string]checked{}, sums: map[identity]string{},
	}
	if s.cache == "" {
		s.cache, s.noCache = defaultCache()
	}
	if s.downloads == "" {
		s.downloads = os.Getenv("CORALLITE_DOWNLOADS")
	}
	if s.downloads == "" && s.noCache == nil {
		s.downloads = filepath.Join(s.cache, "downloads")
	}
	if s.mirror == "" {
		s.mirror = os.Getenv("CORALLITE_MODEL_MIRROR")
	}
	if s.client == nil {
		s.client = newClient(o.RootCAs)
	}
	return s
}

func defaultCache() (string, error) {
	if dir := os.Getenv("CORALLITE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder is known for the model cache (%w): name one with CORALLITE_CACHE", err)
	}
	return filepath.Join(dir, "corallite"), nil
}

// Folder is a folder of the cache for what others keep there; "" where no cache is known. It may not be there yet.
func (s *Store) Folder(name string) string {
	if s.noCache != nil {
		return ""
	}
	return filepath.Join(s.cache, name)
}

// Found is a model that is on this machine.
type Found struct {
	Entry    *Entry // nil for a file that the catalog does not know; must not be changed
	Model    string // the path of the .tflite file
	EdgeTPU  string // of its compiled twin; "" when there is none or none was accepted, and for a file given by its path
	Labels   string // of the label file; "" when the entry has none (see Entry.Labels)
	Manifest string // of a microWakeWord model's parameters; ""

	Melspectrogram string // of the first model of openWakeWord's chain; ""
	Embedding      string // of its second; ""
}

// Entries is the catalog in its own order; it must not be changed.
func (s *Store) Entries() []Entry { return s.catalog.entries }

// Lookup is the entry of that name.
func (s *Store) Lookup(name string) (*Entry, bool) {
	i := slices.IndexFunc(s.catalog.entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return nil, false
	}
	return &s.catalog.entries[i], true
}

// Find gives the files of a model of the catalog by its name ("alexa", or "alexa.tflite" where no such file exists),
// or a file by its path, with what the catalog knows about it by its sha256. A name comes before a file of the same
// name; "./NAME" is always a file. The errors are *NotPulledError, *UnknownError, *HashError for a file in
// the cache that is not what the catalog says or what was recorded when it came, or a file's own.
func (s *Store) Find(ref string) (Found, error) {
	if e, ok := s.Lookup(ref); ok {
		return s.cached(e)
	}
	switch info, err := os.Stat(ref); {
	case err == nil && info.Mode().IsRegular():
		if err := s.Check(ref); err != nil {
			return Found{}, err
		}
		return s.file(ref)
	case err == nil:
		return Found{}, fmt.Errorf("%s is not a file", ref)
	case !errors.Is(err, fs.ErrNotExist):
		return Found{}, err
	}
	if e, ok := s.byFileName(ref); ok {
		return s.cached(e)
	}
	return Found{}, s.unknown(ref)
}

// byFileName is the entry whose model file has that name; a name with a folder in it is none.
func (s *Store) byFileName(name string) (*Entry, bool) {
	i := slices.IndexFunc(s.catalog.entries, func(e Entry) bool { return e.Files.Model.Name() == name })
	if i < 0 {
		return nil, false
	}
	return &s.catalog.entries[i], true
}

func (s *Store) unknown(ref string) error {
	names := make([]string, len(s.catalog.entries))
	for i, e := range s.catalog.entries {
		names[i] = e.Name
	}
	stem := strings.TrimSuffix(filepath.Base(ref), ".tflite")
	return &UnknownError{Name: ref, Near: didyoumean.Suggest(stem, names), Like: didyoumean.Containing(stem, names)}
}

// cached gives an entry's files in the cache.
func (s *Store) cached(e *Entry) (Found, error) {
	if s.noCache != nil {
		return Found{}, s.noCache
	}
	found := Found{
		Entry: e, Model: s.place(e, e.Files.Model),
		Labels: s.place(e, e.Files.Labels), Manifest: s.place(e, e.Files.Manifest),
		Melspectrogram: s.place(e, e.Files.Melspectrogram), Embedding: s.place(e, e.Files.Embedding),
	}
	if err := s.unpackMissing(e); err != nil {
		return Found{}, err
	}
	for _, f := range s.needed(e) {
		if f == e.Files.EdgeTPU {
			found.EdgeTPU = s.place(e, f)
		}
		if err := s.usable(e, f); err != nil {
			return Found{}, err
		}
	}
	return found, nil
}

// usable says whether a file may be used: it is the one that the catalog or its record means.
func (s *Store) usable(e *Entry, f *File) error {
	p, err := s.pin(e, f)
	if err != nil {
		return err
	}
	switch err := s.checkOnce(e, f); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &NotPulledError{Name: e.Name, File: s.place(e, f), Size: s.size(e), Unverified: !p.known()}
	case !isWrong(err):
		return fmt.Errorf("model %s: %w", e.Name, err)
	case p.record != nil:
		return fmt.Errorf("model %s: %w; `corallite models pull %s` fetches what was recorded, `corallite models remove %s` forgets it",
			e.Name, err, e.Name, e.Name)
	default:
		return fmt.Errorf("model %s: %w; `corallite models pull %s` fetches it again", e.Name, err, e.Name)
	}
}

// isWrong says whether an error is a file with a wrong sha256.
func isWrong(err error) bool {
	var wrong *HashError
	return errors.As(err, &wrong)
}

// file gives a file of the user's, and what is known about it.
func (s *Store) file(path string) (Found, error) {
	found := Found{Model: path}
	e, known, err := s.FindBySHA256(path)
	if err != nil {
		return Found{}, err
	}
	if known {
		found.Entry = e
	}
	return found, nil
}

// FindBySHA256 says which entry of the catalog a file is the model of, whatever the file is called. Where several
// entries share one file, the one that is named like the file comes first. Only a file that is as long as a known one
// is read.
func (s *Store) FindBySHA256(path string) (*Entry, bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	var sum string
	var found *Entry
	for i := range s.catalog.entries {
		e := &s.catalog.entries[i]
		for _, f := range []*File{e.Files.Model, e.Files.EdgeTPU} {
			if f == nil {
				continue
			}
			p, err := s.pin(e, f)
			if err != nil || p.size != info.Size() {
				continue // a record that cannot be read is the matter of its own model
			}
			if sum == "" {
				if sum, err = s.sumOf(path); err != nil {
					return nil, false, err
				}
			}
			if p.sum == sum && (found == nil || f.Name() == filepath.Base(path)) {
				found = e
			}
		}
	}
	return found, found != nil, nil
}

// dir is the folder of an entry's files.
func (s *Store) dir(e *Entry) string { return filepath.Join(s.cache, "models", e.Name) }

// place is where a file of an entry lies when it is in the cache; "" for a file that the entry does not have.
func (s *Store) place(e *Entry, f *File) string {
	if f == nil {
		return ""
	}
	return filepath.Join(s.dir(e), f.Name())
}

// Path is where the model file of that name lies in the cache; a *NotPulledError when it is not there.
func (s *Store) Path(name string) (string, error) {
	e, ok := s.Lookup(name)
	if !ok {
		return "", s.unknown(name)
	}
	found, err := s.cached(e)
	return found.Model, err
}

// Downloads is the folder of fetched packages; "" when there is none.
func (s *Store) Downloads() string { return s.downloads }
