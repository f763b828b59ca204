package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"corallite/pipeline"
)

// varying are the fields of an event that differ from run to run, or from machine to machine, and are not compared.
var varying = []string{"time", "pipeline", "device", "degraded", "reason", "latency_ms", "runs"}

// Golden is an event as golden files have it, one line without its end: as pipeline.Event.AppendJSON writes it, without what
// varies (the clock, latencies, devices, the pipeline's name), and with the source's name without folders.
func Golden(e pipeline.Event) ([]byte, error) {
	e.Source = Base(e.Source)
	e.Ended = slices.Clone(e.Ended)
	for i := range e.Ended {
		e.Ended[i].Life = nil // has times of the clock
	}
	line, err := e.AppendJSON(nil)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	kept := []byte{'{'}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if key := name.(string); !slices.Contains(varying, key) {
			if len(kept) > 1 {
				kept = append(kept, ',')
			}
			kept = fmt.Appendf(kept, "%q:%s", key, value)
		}
	}
	return append(kept, '}'), nil
}

// maxLine is the longest line of a golden file, in bytes.
const maxLine = 64 << 20

// Read reads the events of a golden file, or of what a sink json has written. Errors name the line.
func Read(r io.Reader) ([]pipeline.Event, error) {
	var all []pipeline.Event
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	n := 0
	for s.Scan() {
		n++
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		e, err := pipeline.ReadEvent(s.Bytes())
		if err == nil && (e.Model == "" || e.Source == "" || e.Task == "") {
			err = fmt.Errorf("is no event: it has no source, model or task")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, e)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return all, nil
}

// Models are the names of the models of events, in the order in which they come.
func Models(events []pipeline.Event) (names []string) {
	for i := range events {
		if !slices.Contains(names, events[i].Model) {
			names = append(names, events[i].Model)
		}
	}
	return names
}
