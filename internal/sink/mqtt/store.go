package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"corallite/internal/regfile"
)

// memory is what survives a restart.
type memory struct {
	Pipelines  map[string]*remembered       `json:"pipelines"`
	Retained   []string                     `json:"retained"`   // topics with a retained message
	Components map[string]map[string]string `json:"components"` // of Home Assistant's devices, by topic: the platform by the component's name
}

// remembered is what survives of a pipeline.
type remembered struct {
	Off        bool               `json:"off,omitempty"`        // detection is switched off
	Thresholds map[string]float64 `json:"thresholds,omitempty"` // by model
	Labels     []string           `json:"labels,omitempty"`     // that were found
}

// maxState bounds the file.
const maxState = 16 << 20

// recall reads the file; without one nothing is remembered.
func recall(path string) (memory, error) {
	m := memory{}
	data, err := regfile.Read(path, maxState)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("state: %w", err)
	}
	if err == nil && len(data) > 0 {
		if err := json.Unmarshal(data, &m); err != nil {
			return m, fmt.Errorf("state: %s is damaged: %w; remove it to forget what it remembered", path, err)
		}
	}
	if m.Pipelines == nil {
		m.Pipelines = map[string]*remembered{}
	}
	return m, nil
}

// of is what is remembered of a pipeline.
func (m *memory) of(pipeline string) *remembered {
	r := m.Pipelines[pipeline]
	if r == nil {
		r = &remembered{}
		m.Pipelines[pipeline] = r
	}
	if r.Thresholds == nil {
		r.Thresholds = map[string]float64{}
	}
	return r
}

// save writes what is to survive a restart: what has changed, and events that have waited for a while; last: all of them.
func (l *Link) save(last bool) {
	l.mu.Lock()
	add, anew, ok := l.journal.due(&l.queue, l.clock.Now(), last)
	l.mu.Unlock()
	var err error
	if ok {
		err = l.journal.write(add, anew)
	}
	err = errors.Join(err, l.saveMemory(last))
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != l.saveErr {
		l.saveErr = text
		if err != nil {
			l.log.Error("mqtt: what is to survive a restart cannot be written", "error", err)
		}
	}
}

// saveMemory writes the memory, if it has changed.
func (l *Link) saveMemory(last bool) error {
	l.mu.Lock()
	if !l.unsaved && !last {
		l.mu.Unlock()
		return nil
	}
	l.unsaved = false
	l.memory.Retained = nil
	for _, topic := range l.order {
		if s := l.states[topic]; s.retain {
			l.memory.Retained = append(l.memory.Retained, topic)
		}
	}
	data, err := json.Marshal(l.memory)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return keep(l.c.State, append(data, '\n'))
}

// keep writes the file, as a whole or not at all.
func keep(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // for the owner only
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
