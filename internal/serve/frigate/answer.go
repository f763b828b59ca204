package frigate

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"corallite/internal/panicerr"
	"corallite/internal/serve/hub"
	"corallite/pipeline"
)

// rows is how many detections an answer has room for.
const rows = 20

// header is the first part of a request.
type header struct {
	ModelRequest bool   `json:"model_request"`
	ModelData    bool   `json:"model_data"`
	ModelName    string `json:"model_name"`

	Shape     []int  `json:"shape"`
	Dtype     string `json:"dtype"`
	ModelType string `json:"model_type"`
}

// failure is an answer that is no result.
func failure(err error) []byte {
	text, _ := json.Marshal(map[string]string{"error": err.Error()})
	if len(text) == rows*6*4 {
		text = append(text, '\n') // whose length would be that of a result
	}
	return text
}

// answer is the answer to a request.
func (s *Server) answer(use *session, parts [][]byte) (reply []byte) {
	var err error
	defer func() {
		if err != nil {
			s.o.Logger.Warn("zmq: a request failed", "error", err)
			reply = failure(err)
		}
	}()
	defer panicerr.Recover(&err, "the zmq detector")
	var h header
	if len(parts) == 0 {
		err = hub.Bad("the message is empty")
		return nil
	}
	if err = json.Unmarshal(parts[0], &h); err != nil {
		err = hub.BadJSON("the header", parts[0], err)
		return nil
	}
	switch {
	case h.ModelRequest:
		return modelRequest(use, h)
	case h.ModelData:
		if len(parts) != 2 {
			err = fmt.Errorf("a model is a header and a file; %d parts came", len(parts))
			return nil
		}
		return s.modelData(use, h, parts[1])
	case len(parts) != 2:
		err = fmt.Errorf("a frame is a header and a tensor; %d parts came", len(parts))
		return nil
	}
	reply, err = s.detect(use, h, parts[1])
	return reply
}

func modelRequest(use *session, h header) []byte {
	there := use.choose(h.ModelName)
	text, _ := json.Marshal(map[string]bool{"model_available": there, "model_loaded": there})
	return text
}

func (s *Server) modelData(use *session, h header, data []byte) []byte {
	saved, err := use.take(s.ctx, h.ModelName, data)
	if err != nil {
		s.o.Logger.Error("zmq: the model that was handed over cannot be used", "model", h.ModelName, "error", err)
	}
	text, _ := json.Marshal(map[string]bool{"model_saved": saved, "model_loaded": err == nil})
	return text
}

// detect runs the model on a tensor.
func (s *Server) detect(use *session, h header, data []byte) ([]byte, error) {
	m, err := use.current(s.ctx)
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) == 0 {
		return nil, fmt.Errorf("model %s has no input", m.Name)
	}
	want := m.Inputs[0]
	switch {
	case h.Dtype != want.Type.String():
		return nil, fmt.Errorf("the tensor is of %q, and model %s takes %s", h.Dtype, m.Name, want.Type)
	case !slices.Equal(h.Shape, want.Shape):
		return nil, fmt.Errorf("the tensor has the shape %v, and model %s takes %v: set width and height of Frigate's model to that", h.Shape, m.Name, want.Shape)
	case len(data) != want.Elements()*want.Type.Size():
		return nil, fmt.Errorf("the tensor has %d bytes, and its shape %d", len(data), want.Elements()*want.Type.Size())
	case len(want.Shape) != 4:
		return nil, fmt.Errorf("model %s takes no pictures", m.Name)
	}
	j, err := s.o.Hub.Begin(s.ctx)
	if err != nil {
		return nil, err
	}
	defer j.End()
	height, width := want.Shape[1], want.Shape[2]
	var found pipeline.Detections
	err = j.Tensors(m, func(ctx context.Context, e pipeline.Engine) error {
		in := e.Input(0)
		if len(in.Data) != len(data) {
			return fmt.Errorf("the input has %d bytes now, and had %d", len(in.Data), len(data))
		}
		copy(in.Data, data)
		if err := e.Invoke(ctx); err != nil {
			return err
		}
		r, err := m.Work.Decode(e, pipeline.Placement{ScaleX: 1, ScaleY: 1, Width: width, Height: height})
		found = r.Detections
		return err
	})
	if err != nil {
		return nil, err
	}
	return table(found, width, height), nil
}

// table is the answer to a frame: the best detections, the best first, and rows of zeros.
func table(found []pipeline.Detection, width, height int) []byte {
	slices.SortStableFunc(found, func(a, b pipeline.Detection) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	out := make([]byte, 0, rows*6*4)
	for _, d := range found[:min(len(found), rows)] {
		x, y := float32(width), float32(height)
		for _, v := range []float32{float32(d.Index), d.Score, d.Box[1] / y, d.Box[0] / x, d.Box[3] / y, d.Box[2] / x} {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return append(out, make([]byte, cap(out)-len(out))...)
}
