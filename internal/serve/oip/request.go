package oip

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/serve/hub"
	"corallite/tflite/tensor"
)

// lengthHeader says how many bytes of a body are JSON; tensors follow.
const lengthHeader = "Inference-Header-Content-Length"

// Request is the JSON of an inference.
type Request struct {
	ID         string     `json:"id"`
	Parameters Parameters `json:"parameters"`
	Inputs     []Input    `json:"inputs"`
	Outputs    []Output   `json:"outputs"`
}

// Parameters are those that mean something here.
type Parameters struct {
	BinaryOutput   bool   `json:"binary_data_output"` // of a request: of all outputs that do not say otherwise
	Binary         *bool  `json:"binary_data"`        // of an output
	BinarySize     *int   `json:"binary_data_size"`   // of an input: its bytes follow the JSON
	Classification int    `json:"classification"`
	Sequence       any    `json:"sequence_id"`
	SharedMemory   string `json:"shared_memory_region"`
}

// Input is a tensor of a request.
type Input struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype"`
	Shape      []int           `json:"shape"`
	Parameters Parameters      `json:"parameters"`
	Data       json.RawMessage `json:"data"`
}

// Output is an output that a request asks for.
type Output struct {
	Name       string     `json:"name"`
	Parameters Parameters `json:"parameters"`
}

// read reads a request's body, which may be compressed.
func read(j *hub.Job, r *http.Request) ([]byte, error) {
	body, err := j.Body(r)
	if err != nil {
		return nil, err
	}
	var plain io.Reader
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		plain, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		plain, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return nil, hub.Fault(http.StatusUnsupportedMediaType, "Content-Encoding %s is not supported: use gzip, deflate or none", encoding)
	}
	if err != nil {
		return nil, hub.Bad("the body cannot be unpacked: %v", err)
	}
	out, err := j.Read(plain, -1)
	if e := hub.AsError(err); err != nil && e.Status == http.StatusInternalServerError {
		return nil, hub.Bad("the body cannot be unpacked: %v", err)
	}
	return out, err
}

// split parts a body into its JSON and the tensors behind it.
func split(body []byte, length string) (text, tensors []byte, err error) {
	if length == "" {
		return body, nil, nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > len(body) {
		return nil, nil, hub.Bad("%s is %q, and the body has %d bytes", lengthHeader, length, len(body))
	}
	return body[:n], body[n:], nil
}

// parse reads a request for a model, and gives the bytes of each of its inputs.
func parse(body []byte, length string, want []tensor.Info) (q Request, data [][]byte, err error) {
	text, tensors, err := split(body, length)
	if err != nil {
		return q, nil, err
	}
	if err := json.Unmarshal(text, &q); err != nil {
		return q, nil, hub.BadJSON("the request", text, err)
	}
	named := describe("input", want)
	data = make([][]byte, len(want))
	for _, in := range q.Inputs {
		i, err := find("input", in.Name, named)
		if err != nil {
			return q, nil, err
		}
		if data[i] != nil {
			return q, nil, hub.Bad("input %q is given twice", in.Name)
		}
		if data[i], tensors, err = in.bytes(want[i], tensors); err != nil {
			return q, nil, hub.Bad("input %q: %w", in.Name, err)
		}
	}
	if i := slices.IndexFunc(data, func(d []byte) bool { return d == nil }); i >= 0 {
		return q, nil, hub.Bad("input %q is missing", named[i].Name)
	}
	if len(tensors) > 0 {
		return q, nil, hub.Bad("%d bytes are left behind the tensors", len(tensors))
	}
	return q, data, nil
}

// bytes are the bytes of an input, and what is left of the tensors behind the JSON.
func (in *Input) bytes(want tensor.Info, tensors []byte) (data, rest []byte, err error) {
	count := want.Elements()
	size := count * want.Type.Size()
	p := in.Parameters
	switch {
	case in.Datatype != datatype(want.Type):
		return nil, nil, hub.Bad("its datatype is %q: want %s", in.Datatype, datatype(want.Type))
	case want.Type.Size() == 0:
		return nil, nil, hub.Bad("the model wants %s, which is not supported", want.Type)
	case !slices.Equal(in.Shape, want.Shape):
		return nil, nil, hub.Bad("its shape is %s: want %s", shaped(in.Shape), shaped(want.Shape))
	case p.SharedMemory != "":
		return nil, nil, hub.Bad("shared memory is not supported")
	case p.BinarySize == nil && len(in.Data) == 0:
		return nil, nil, hub.Bad("it has no data")
	case p.BinarySize == nil:
		data, err = parseData(in.Data, want.Type, count)
		return data, tensors, err
	case len(in.Data) > 0:
		return nil, nil, hub.Bad("it has both data and binary_data_size")
	case *p.BinarySize != size:
		return nil, nil, hub.Bad("binary_data_size is %d: %s of %s has %d bytes", *p.BinarySize, shaped(want.Shape), in.Datatype, size)
	case size > len(tensors):
		return nil, nil, hub.Bad("binary_data_size is %d, and %d bytes are left behind the JSON", size, len(tensors))
	}
	return tensors[:size:size], tensors[size:], nil
}
