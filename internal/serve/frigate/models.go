package frigate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"corallite/internal/regfile"
	"corallite/internal/serve/hub"
)

// lastFile remembers the model that was handed over last, so that a Frigate that goes on asking after Corallite was
// started again gets answers from it.
const lastFile = "last.json"

// last is the content of lastFile.
type last struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// maxOpen is how many models that were handed over stay open that no connection uses.
const maxOpen = 4

// store has the models that were handed over.
type store struct {
	o Options

	mu     sync.Mutex
	open   []*handed  // the one that was handed over last is the last
	chosen *hub.Model // what a connection has chosen last, of the configuration; nil: one was handed over after it
}

// handed is a model that was handed over.
type handed struct {
	hash  string
	model *hub.Model
	users int // connections
}

// session is what a connection uses.
type session struct {
	store *store
	model *hub.Model // nil: none yet, or err
	from  *handed    // nil: it is one of the configuration
	err   error      // why the model that it handed over cannot be used
}

// use makes a model that of the connection. Called with the store's lock.
func (s *session) use(m *hub.Model, from *handed, err error) {
	if from != nil {
		from.users++
	}
	if s.from != nil {
		s.from.users--
	}
	s.model, s.from, s.err = m, from, err
}

// end gives back what the connection used.
func (s *session) end() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.use(nil, nil, nil)
}

// choose takes a model of the configuration, by its name, with .tflite or without, or that of one of its files, and reports
// whether there is one.
func (s *session) choose(name string) bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	all := s.store.o.Hub.Models()
	i := slices.IndexFunc(all, func(m *hub.Model) bool {
		return m.Task == "detect" && name != "" && (m.Name == strings.TrimSuffix(name, ".tflite") || m.File == name || m.Compiled == name)
	})
	if i < 0 {
		return false
	}
	s.store.chosen = all[i]
	s.use(all[i], nil, nil)
	return true
}

// take keeps a model, and opens it for the connection. saved reports whether it was kept.
func (s *session) take(ctx context.Context, name string, data []byte) (saved bool, err error) {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	defer func() {
		if err != nil {
			s.use(nil, nil, fmt.Errorf("the model that was handed over cannot be used: %w", err))
		}
	}()
	sum := sha256.Sum256(data)
	l := last{name, hex.EncodeToString(sum[:])}
	if err := os.MkdirAll(st.o.Folder, 0o700); err != nil {
		return false, err
	}
	if err := keep(st.path(l.SHA256), data, sum); err != nil {
		return false, err
	}
	h, err := st.get(ctx, l.SHA256)
	if err != nil {
		return false, errors.Join(err, os.Remove(st.path(l.SHA256)))
	}
	s.use(h.model, h, nil)
	st.chosen = nil
	text, err := json.Marshal(l)
	if err == nil {
		err = replace(filepath.Join(st.o.Folder, lastFile), text)
	}
	if err != nil {
		st.o.Logger.Warn("zmq: the model is not there again after a restart", "error", err)
	}
	st.o.Logger.Info("zmq: a model was handed over", "model", name, "sha256", l.SHA256)
	return true, nil
}

func (s *store) path(hash string) string { return filepath.Join(s.o.Folder, hash+".tflite") }

// keep writes a file, unless one with that content is there.
func keep(path string, data []byte, sum [sha256.Size]byte) error {
	if there, err := regfile.Read(path, maxMessage); err == nil && sha256.Sum256(there) == sum {
		return nil
	}
	return replace(path, data)
}

// replace writes a file that gets its name when it is complete.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// get opens the model of a hash, unless it is open. Called with the lock.
func (s *store) get(ctx context.Context, hash string) (*handed, error) {
	if i := slices.IndexFunc(s.open, func(h *handed) bool { return h.hash == hash }); i >= 0 {
		h := s.open[i]
		s.open = append(slices.Delete(s.open, i, i+1), h)
		return h, nil
	}
	served, err := s.o.Open(ctx, s.path(hash))
	if err != nil {
		return nil, err
	}
	h := &handed{hash: hash, model: hub.NewModel(served)}
	s.open = append(s.open, h)
	for i := 0; len(s.open) > maxOpen && i < len(s.open)-1; {
		if s.open[i].users > 0 {
			i++
			continue
		}
		if err := s.open[i].model.CloseEngines(); err != nil {
			s.o.Logger.Warn("zmq: closing a model", "error", err)
		}
		s.open = slices.Delete(s.open, i, i+1)
	}
	return h, nil
}

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// current is the connection's model: the one that it chose or handed over, else that of the connection before it, else
// that of the last run.
func (s *session) current(ctx context.Context) (*hub.Model, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.model != nil:
	case s.store.chosen != nil:
		s.use(s.store.chosen, nil, nil)
	default:
		h, err := s.store.again(ctx)
		if err != nil {
			return nil, err
		}
		s.use(h.model, h, nil)
	}
	return s.model, nil
}

// again is the model that was handed over last, if its file is still what it was.
func (s *store) again(ctx context.Context) (*handed, error) {
	if n := len(s.open); n > 0 {
		return s.open[n-1], nil
	}
	text, err := regfile.Read(filepath.Join(s.o.Folder, lastFile), 4<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no model: Frigate hands it over when it starts")
	}
	var l last
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err == nil && !hashPattern.MatchString(l.SHA256) {
		err = errors.New("it names no hash")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.o.Folder, lastFile), err)
	}
	data, err := regfile.Read(s.path(l.SHA256), maxMessage)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != l.SHA256 {
		return nil, fmt.Errorf("%s was changed: restart Frigate, which hands the model over again", s.path(l.SHA256))
	}
	return s.get(ctx, l.SHA256)
}

// close closes all models, which no connection uses any more.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, h := range s.open {
		errs = append(errs, h.model.CloseEngines())
	}
	s.open = nil
	return errors.Join(errs...)
}
