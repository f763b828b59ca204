package oip

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// result is an output of a run.
type result struct {
	tensor.Info
	data []byte
}

// replyTensor is an output of an answer.
type replyTensor struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype"`
	Shape      []int           `json:"shape"`
	Parameters map[string]any  `json:"parameters,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
}

type reply struct {
	ModelName    string        `json:"model_name"`
	ModelVersion string        `json:"model_version"`
	ID           string        `json:"id,omitempty"`
	Outputs      []replyTensor `json:"outputs"`
}

func (s *server) infer(j *hub.Job, w http.ResponseWriter, r *http.Request) error {
	m, err := s.find(r)
	if err != nil {
		return err
	}
	body, err := read(j, r)
	if err != nil {
		return err
	}
	q, data, err := parse(body, r.Header.Get(lengthHeader), m.Inputs)
	if err != nil {
		return err
	}
	chosen, err := choose(&q, m)
	if err != nil {
		return err
	}
	var results []result
	err = j.Tensors(m, func(ctx context.Context, e pipeline.Engine) error {
		results, err = run(ctx, e, m, data)
		return err
	})
	if err != nil {
		return err
	}
	return send(w, m, &q, chosen, results)
}

// choice is an output that is wanted.
type choice struct {
	index  int
	binary bool
}

// choose are the outputs that a request asks for; all, if it names none.
func choose(q *Request, m *hub.Model) ([]choice, error) {
	named := describe("output", m.Outputs)
	var all []choice
	for _, o := range q.Outputs {
		i, err := find("output", o.Name, named)
		if err != nil {
			return nil, err
		}
		switch p := o.Parameters; {
		case p.Classification != 0:
			return nil, hub.Bad("output %q: classification is not supported; POST /v1/classify has labels", o.Name)
		case p.SharedMemory != "":
			return nil, hub.Bad("output %q: shared memory is not supported", o.Name)
		case p.Binary != nil:
			all = append(all, choice{i, *p.Binary})
		default:
			all = append(all, choice{i, q.Parameters.BinaryOutput})
		}
	}
	if len(q.Outputs) == 0 {
		for i := range named {
			all = append(all, choice{i, q.Parameters.BinaryOutput})
		}
	}
	return all, nil
}

// run runs a model on the bytes of its inputs, and copies its outputs.
func run(ctx context.Context, e pipeline.Engine, m *hub.Model, data [][]byte) ([]result, error) {
	if r, ok := e.(tensor.Resetter); ok && m.Work == nil {
		if err := r.Reset(); err != nil {
			return nil, err
		}
	}
	for i, d := range data {
		in := e.Input(i)
		if len(in.Data) != len(d) {
			return nil, fmt.Errorf("input %d has %d bytes now, and had %d", i, len(in.Data), len(d))
		}
		copy(in.Data, d)
	}
	if err := e.Invoke(ctx); err != nil {
		return nil, err
	}
	results := make([]result, len(e.Outputs()))
	for i := range results {
		out := e.Output(i)
		results[i].Info = out.Info
		results[i].Shape = append([]int{}, out.Shape...)
		if out.Type == tensor.String {
			words, err := tensor.Strings(out)
			if err != nil {
				return nil, err
			}
			for _, word := range words {
				results[i].data = append(binary.LittleEndian.AppendUint32(results[i].data, uint32(len(word))), word...)
			}
			continue
		}
		results[i].data = append([]byte{}, out.Data...)
	}
	return results, nil
}

// send sends the outputs: as JSON, or behind it.
func send(w http.ResponseWriter, m *hub.Model, q *Request, chosen []choice, results []result) error {
	a := reply{ModelName: m.Name, ModelVersion: version, ID: q.ID, Outputs: []replyTensor{}}
	infos := make([]tensor.Info, len(results))
	for i := range results {
		infos[i] = results[i].Info
	}
	named := describe("output", infos)
	var tensors []byte
	inBinary := false
	for _, c := range chosen {
		if c.index >= len(results) {
			return fmt.Errorf("the model has %d outputs now", len(results))
		}
		out := replyTensor{Name: named[c.index].Name, Datatype: named[c.index].Datatype, Shape: named[c.index].Shape}
		if c.binary {
			inBinary = true
			out.Parameters = map[string]any{"binary_data_size": len(results[c.index].data)}
			tensors = append(tensors, results[c.index].data...)
		} else {
			var err error
			if out.Data, err = appendData(nil, results[c.index].data, results[c.index].Type); err != nil {
				return err
			}
		}
		a.Outputs = append(a.Outputs, out)
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if !inBinary {
		hub.Send(w, http.StatusOK, "application/json", text)
		return nil
	}
	w.Header().Set(lengthHeader, strconv.Itoa(len(text)))
	hub.Send(w, http.StatusOK, "application/octet-stream", append(text, tensors...))
	return nil
}
