package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/tflite/tensor"
)

// A request is an operation, the number of the engine (little endian), and, if it is infrequent, JSON.
type op byte

const (
	opOpen  op = 'o' // JSON openRequest; the reply has JSON openReply, with the engine's number
	opShare op = 's' // JSON layout, and the memory
	opRun   op = 'r' // the reply has the list of copied outputs, if it has changed
	opRoom  op = 'm' // a larger memory for copied outputs; the reply is that of the run
	opReset op = 'z'
	opClose op = 'c'
)

const requestSize = 5

func putRequest(b []byte, what op, engine uint32) {
	b[0] = byte(what)
	binary.LittleEndian.PutUint32(b[1:], engine)
}

// newRequest is a request with JSON.
func newRequest(what op, engine uint32, body any) ([]byte, error) {
	b := make([]byte, requestSize)
	putRequest(b, what, engine)
	more, err := json.Marshal(body)
	return append(b, more...), err
}

func parseRequest(b []byte) (what op, engine uint32, body []byte, err error) {
	if len(b) < requestSize {
		return 0, 0, nil, fmt.Errorf("a request of %d bytes", len(b))
	}
	return op(b[0]), binary.LittleEndian.Uint32(b[1:]), b[requestSize:], nil
}

// A reply is a status, the duration of a run in nanoseconds (little endian), and content by status.
type status byte

const (
	statusOK    status = iota // then JSON, or the copied outputs, or nothing
	statusError               // then JSON wireError
	statusRoom                // then the bytes that the copied outputs need, little endian
)

const replySize = 9

func putReply(b []byte, s status, took time.Duration) {
	b[0] = byte(s)
	binary.LittleEndian.PutUint64(b[1:], uint64(took))
}

func parseReply(b []byte) (s status, took time.Duration, body []byte, err error) {
	if len(b) < replySize {
		return 0, 0, nil, fmt.Errorf("a reply of %d bytes", len(b))
	}
	return status(b[0]), time.Duration(binary.LittleEndian.Uint64(b[1:])), b[replySize:], nil
}

// replyJSON writes a reply with JSON and returns its length.
func replyJSON(to []byte, s status, took time.Duration, body any) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	if replySize+len(b) > len(to) {
		return 0, fmt.Errorf("a reply of %d bytes, with room for %d", replySize+len(b), len(to))
	}
	putReply(to, s, took)
	return replySize + copy(to[replySize:], b), nil
}

// hostSetup is the setup of a Host's child.
type hostSetup struct {
	Library   string        `json:"library"`
	Verbosity int           `json:"verbosity"`
	EdgeTPU   deviceOptions `json:"edgetpu"`
}

// deviceOptions is edgetpu.Options without the function in System, which cannot be sent.
type deviceOptions struct {
	Performance          edgetpu.Performance `json:"performance"`
	AlwaysDFU            bool                `json:"always_dfu"`
	MaxBulkInQueueLength *int                `json:"max_bulk_in_queue_length"`
	Root                 string              `json:"root"`
}

func sentOptions(o edgetpu.Options) deviceOptions {
	return deviceOptions{o.Performance, o.AlwaysDFU, o.MaxBulkInQueueLength, o.System.Root}
}

func (o deviceOptions) options() edgetpu.Options {
	return edgetpu.Options{Performance: o.Performance, AlwaysDFU: o.AlwaysDFU, MaxBulkInQueueLength: o.MaxBulkInQueueLength,
		System: edgetpu.System{Root: o.Root}}
}

type openRequest struct {
	Files   delegate.Files            `json:"files"`
	Choice  delegate.Choice           `json:"choice"`
	Device  string                    `json:"device"`
	Threads int                       `json:"threads"`
	Shapes  [][]int                   `json:"shapes"`
	Refused []delegate.FallbackReason `json:"refused"`

	Signature string `json:"signature"`
}

type openReply struct {
	Engine          uint32                    `json:"engine"`
	Device          tensor.Device             `json:"device"`
	FallbackReasons []delegate.FallbackReason `json:"fallback_reasons"`
	Inputs          []port                    `json:"inputs"`
	Outputs         []port                    `json:"outputs"`
}

// port is an input or output before the first run.
type port struct {
	Info    tensor.Info `json:"info"`
	Bytes   int         `json:"bytes"`
	Movable bool        `json:"movable"`
}

// copied is an output that the child copied to the room, because it could not be moved.
type copied struct {
	output        int
	offset, bytes int
	shape         []int
}

func (c copied) equal(o copied) bool {
	return c.output == o.output && c.offset == o.offset && c.bytes == o.bytes && slices.Equal(c.shape, o.shape)
}

// appendCopied writes a list of copied outputs: 2 bytes for the output, 8 for the offset, 8 for the bytes, 1 for the
// number of dimensions, 4 for each.
func appendCopied(b []byte, list []copied) []byte {
	for _, c := range list {
		b = binary.LittleEndian.AppendUint16(b, uint16(c.output))
		b = binary.LittleEndian.AppendUint64(b, uint64(c.offset))
		b = binary.LittleEndian.AppendUint64(b, uint64(c.bytes))
		b = append(b, byte(len(c.shape)))
		for _, d := range c.shape {
			b = binary.LittleEndian.AppendUint32(b, uint32(d))
		}
	}
	return b
}

var errCopied = errors.New("a list of copied outputs that is not well formed")

// parseCopied parses such a list, for a number of outputs and a memory size: the child is not trusted to respect them.
func parseCopied(b []byte, outputs, room int) ([]copied, error) {
	var list []copied
	for len(b) > 0 {
		const fixed = 2 + 8 + 8 + 1
		if len(b) < fixed || len(b) < fixed+4*int(b[fixed-1]) {
			return nil, errCopied
		}
		output := int(binary.LittleEndian.Uint16(b))
		offset, bytes := binary.LittleEndian.Uint64(b[2:]), binary.LittleEndian.Uint64(b[10:])
		if output >= outputs || offset > uint64(room) || bytes > uint64(room)-offset {
			return nil, errCopied
		}
		c := copied{output: output, offset: int(offset), bytes: int(bytes), shape: make([]int, b[fixed-1])}
		b = b[fixed:]
		for i := range c.shape {
			c.shape[i] = int(binary.LittleEndian.Uint32(b))
			b = b[4:]
		}
		list = append(list, c)
	}
	return list, nil
}

func equalCopied(a, b []copied) bool { return slices.EqualFunc(a, b, copied.equal) }

// appendCount writes the size that statusRoom asks for.
func appendCount(b []byte, n int) []byte { return binary.LittleEndian.AppendUint64(b, uint64(n)) }

// parseCount parses it.
func parseCount(b []byte) (int, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("a reply of %d bytes", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n == 0 || n > mostBytes {
		return 0, fmt.Errorf("outputs of %d bytes", n)
	}
	return int(n), nil
}
