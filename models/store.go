package models

import (
	"crypto/x509"
	"encoding/hex"
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
	"corallite/internal/filesum"
)

// Options say where a Store keeps and finds files. Empty fields are taken from the environment; see the package comment.
type Options struct {
	Cache     string       // the folder with models/ and locks/
	Downloads string       // the folder of downloaded packages
	Mirror    string       // a folder or an http(s) address
	Client    *http.Client // nil: one with timeouts for servers that do not respond

	// RootCAs are the certificate authorities to trust if Client is nil; nil: the system's.
	RootCAs *x509.CertPool
	// AcceptUnverified lets Pull download files for which the catalog has no checksum, and record them.
	AcceptUnverified bool
	// Internet lets Pull download from the catalog's sources what the mirror lacks. Without a mirror it always does.
	Internet bool
}

// Store is the catalog and the cache on this machine. It is safe for concurrent use by goroutines and processes, and
// keeps nothing open between calls. The sha256 of every file that it returns from the cache has been compared, in this
// process or an earlier one.
type Store struct {
	catalog   *catalog
	cache     string
	noCache   error // why no cache folder is known
	downloads string
	mirror    string
	client    *http.Client
	accept    bool          // files without a known checksum
	internet  bool          // may be asked for what the mirror lacks
	pause     time.Duration // before the first retry; doubles with each
	stall     time.Duration // how long a server may send no data
	settled   time.Duration // the age of a file's last change before its check is remembered

	mu      sync.Mutex
	checked map[string]checked // by the path of the record
}

// Open returns a Store of the built-in catalog. It touches no files; Pull creates the cache folder.
func Open(o Options) (*Store, error) {
	return open(o, builtin()), nil
}

func open(o Options, c *catalog) *Store {
	s := &Store{
		catalog: c, cache: o.Cache, downloads: o.Downloads, mirror: o.Mirror, client: o.Client, accept: o.AcceptUnverified,
		internet: o.Internet, pause: 500 * time.Millisecond, stall: 30 * time.Second, settled: filesum.Settled,
		checked: map[string]checked{},
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
		return "", fmt.Errorf("no folder for the model cache (%w): set CORALLITE_CACHE", err)
	}
	return filepath.Join(dir, "corallite"), nil
}

// Folder returns the path of a folder in the cache for other packages' use, which may not exist yet; "" if no cache
// folder is known.
func (s *Store) Folder(name string) string {
	if s.noCache != nil {
		return ""
	}
	return filepath.Join(s.cache, name)
}

// Found is a model on this machine. Paths of files that it does not have are "".
type Found struct {
	Entry    *Entry // nil for a file that the catalog does not know; must not be changed
	Model    string // the .tflite file
	EdgeTPU  string // the same model compiled for the Edge TPU; "" also for a file given by path
	Labels   string // the label file; see also Entry.Labels
	Manifest string // a microWakeWord model's parameters

	Melspectrogram string // the first model of openWakeWord's chain
	Embedding      string // its second model

	Landmarks string // the second model of two
}

// Entries returns the catalog in its own order. The slice must not be changed.
func (s *Store) Entries() []Entry { return s.catalog.entries }

// Lookup returns the entry with that name.
func (s *Store) Lookup(name string) (*Entry, bool) {
	i := slices.IndexFunc(s.catalog.entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return nil, false
	}
	return &s.catalog.entries[i], true
}

// Find returns the files of a model of the catalog by name ("alexa", or "alexa.tflite" if no such file exists), or a
// file by path, with its entry if the catalog knows its sha256. A name comes before a file of the same name; "./NAME" is
// always a file. The errors are *NotPulledError, *UnknownError, *HashError for a file in the cache that differs from the
// catalog or its record, or those of reading the file.
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

// byFileName returns the entry whose model file has that name, without a folder.
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

// cached returns an entry's files in the cache.
func (s *Store) cached(e *Entry) (Found, error) {
	if s.noCache != nil {
		return Found{}, s.noCache
	}
	found := Found{
		Entry: e, Model: s.place(e, e.Files.Model),
		Labels: s.place(e, e.Files.Labels), Manifest: s.place(e, e.Files.Manifest),
		Melspectrogram: s.place(e, e.Files.Melspectrogram), Embedding: s.place(e, e.Files.Embedding), Landmarks: s.place(e, e.Files.Landmarks),
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

// usable checks that a file matches the catalog or its record.
func (s *Store) usable(e *Entry, f *File) error {
	p, err := s.pin(e, f)
	if err != nil {
		return err
	}
	switch err := s.checkOnce(e, f); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &NotPulledError{Name: e.Name, File: s.place(e, f), Size: s.size(e), Unverified: !p.verifiable()}
	case !isWrong(err):
		return fmt.Errorf("model %s: %w", e.Name, err)
	case p.record != nil && !p.unproven():
		return fmt.Errorf("model %s: %w; `corallite models pull %s` downloads the recorded file again, `corallite models remove %s` forgets the record",
			e.Name, err, e.Name, e.Name)
	default:
		return &DamagedError{e.Name, err}
	}
}

// isWrong reports whether an error is a *HashError.
func isWrong(err error) bool {
	var wrong *HashError
	return errors.As(err, &wrong)
}

// file returns a file of the user's, with its entry if the catalog knows it.
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

// FindBySHA256 returns the entry whose model a file is, whatever the file's name. If several entries share the file, the
// one with that file name wins. Only files that have the size of a known one are read.
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
				continue // an unreadable record only concerns its own model
			}
			if sum == "" {
				content, err := filesum.Cache(s.Folder("sums")).Of(path)
				if err != nil {
					return nil, false, err
				}
				sum = hex.EncodeToString(content[:])
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

// place is the path of an entry's file in the cache; "" for nil.
func (s *Store) place(e *Entry, f *File) string {
	if f == nil {
		return ""
	}
	return filepath.Join(s.dir(e), f.Name())
}

// Path returns the path of a model's file in the cache; a *NotPulledError if it is not there.
func (s *Store) Path(name string) (string, error) {
	e, ok := s.Lookup(name)
	if !ok {
		return "", s.unknown(name)
	}
	found, err := s.cached(e)
	return found.Model, err
}

// Downloads returns the folder of downloaded packages; "" if there is none.
func (s *Store) Downloads() string { return s.downloads }
