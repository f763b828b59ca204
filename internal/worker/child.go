package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/tflite/tensor"
)

// Kind is the kind of child that runs engines.
const Kind = "engine"

// Handlers are this package's handlers for isolate.Main.
func Handlers() map[string]isolate.Handler {
	return map[string]isolate.Handler{Kind: serveEngines, trialKind: serveTrials, enumerateKind: serveEnumerate, probeKind: serveProbe, askKind: serveAsks, timerKind: serveTimes}
}

// child is the process that has the engines.
type child struct {
	setup   hostSetup
	log     *isolate.Child
	engines map[uint32]*resident
	last    uint32
}

// resident is an engine in the child.
type resident struct {
	delegate.Engine
	memory *isolate.Memory
	layout layout
	room   *isolate.Memory // larger memory for copied outputs; nil: layout.Room
	list   []copied        // the copied outputs as last sent
	sent   bool
}

func serveEngines(c *isolate.Child) (err error) {
	w := &child{log: c, engines: map[uint32]*resident{}}
	if err := json.Unmarshal(c.Setup, &w.setup); err != nil {
		return err
	}
	defer func() {
		for number := range w.engines {
			err = errors.Join(err, w.close(number))
		}
	}()
	if w.setup.Verbosity > 0 {
		if l, err := edgetpu.Load(w.setup.Library); err == nil { // opening a device reports what is wrong with the library
			defer l.Close() // unloading the library would reset its settings
			if err := l.Verbosity(w.setup.Verbosity); err != nil {
				return err
			}
		}
	}
	return c.Serve(w.answer)
}

// answer handles a request. Only what must never happen is an error, which ends the child.
func (w *child) answer(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
	what, number, body, err := parseRequest(request)
	if err != nil {
		return 0, err
	}
	e := w.engines[number]
	if e == nil && what != opOpen {
		return 0, fmt.Errorf("there is no engine %d", number)
	}
	switch what {
	case opRun:
		return e.run(reply)
	case opOpen:
		return w.open(body, reply)
	case opShare:
		return answered(reply, e.share(body, shared))
	case opRoom:
		return e.makeRoom(shared, reply)
	case opReset:
		return answered(reply, e.ResetVariables())
	case opClose:
		return answered(reply, w.close(number))
	default:
		return 0, fmt.Errorf("there is no request %q", what)
	}
}

// answered writes a reply without content.
func answered(reply []byte, err error) (int, error) {
	if err != nil {
		return replyJSON(reply, statusError, 0, sentError(err))
	}
	putReply(reply, statusOK, 0)
	return replySize, nil
}

func (w *child) open(body, reply []byte) (int, error) {
	var r openRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return 0, err
	}
	o := delegate.Options{
		Choice: r.Choice, Device: r.Device, Threads: r.Threads, Shapes: r.Shapes, Signature: r.Signature, EdgeTPULibrary: w.setup.Library,
		EdgeTPU: w.setup.EdgeTPU.options(), Refused: r.Refused,
	}
	engine, err := delegate.Open(context.Background(), r.Files, o)
	if err != nil {
		return answered(reply, err)
	}
	canIn, canOut, err := engine.Movable()
	if err == nil {
		err = noStrings(engine.Inputs())
	}
	if err != nil {
		return answered(reply, errors.Join(fmt.Errorf("model %s: %w", path(r.Files), err), engine.Close()))
	}
	w.last++
	w.engines[w.last] = &resident{Engine: engine}
	out := openReply{Engine: w.last, Device: engine.Device(), FallbackReasons: engine.FallbackReasons()}
	for i, info := range engine.Inputs() {
		out.Inputs = append(out.Inputs, port{info, len(engine.Input(i).Data), canIn[i]})
	}
	for i, info := range engine.Outputs() {
		out.Outputs = append(out.Outputs, port{info, len(engine.Output(i).Data), canOut[i]})
	}
	n, err := replyJSON(reply, statusOK, 0, out)
	if err != nil { // a model may have many tensors, or long names
		return answered(reply, errors.Join(fmt.Errorf("model %s: what it has cannot be told: %w", path(r.Files), err), w.close(w.last)))
	}
	return n, nil
}

// noStrings names an input that the parent cannot write: strings are in the runtime's own memory, which grows.
func noStrings(inputs []tensor.Info) error {
	for i, info := range inputs {
		if info.Type == tensor.String {
			return fmt.Errorf("input %d (%s) holds strings, which an engine in a child process does not take", i, info.Name)
		}
	}
	return nil
}

// share moves the tensors into the parent's shared memory.
func (e *resident) share(body []byte, shared []*isolate.Memory) error {
	if len(shared) != 1 || e.memory != nil {
		return errors.New("one memory was expected, once")
	}
	e.memory = shared[0]
	if err := json.Unmarshal(body, &e.layout); err != nil {
		return err
	}
	memory := e.memory.Bytes()
	canIn, canOut, err := e.Movable()
	if err != nil {
		return err
	}
	inputs, outputs := make([][]byte, len(canIn)), make([][]byte, len(canOut))
	for i, can := range canIn {
		if can {
			inputs[i] = e.layout.Inputs[i].of(memory)
		}
	}
	for i, can := range canOut {
		if can {
			outputs[i] = e.layout.Outputs[i].of(memory)
		}
	}
	return e.UseMemory(inputs, outputs)
}

// run runs the engine once.
func (e *resident) run(reply []byte) (int, error) {
	memory := e.memory.Bytes()
	for i, p := range e.layout.Inputs {
		if data := e.Input(i).Data; len(data) > 0 && &data[0] != &memory[p.Offset] {
			copy(data, p.of(memory))
		}
	}
	began := time.Now()
	if err := e.Invoke(context.Background()); err != nil {
		return replyJSON(reply, statusError, time.Since(began), sentError(err))
	}
	return e.ran(time.Since(began), reply)
}

// ran copies the outputs that lie elsewhere into their room, and lists them if the list has changed.
func (e *resident) ran(took time.Duration, reply []byte) (int, error) {
	room, need := e.roomBytes(), 0
	var list []copied
	for i, p := range e.layout.Outputs {
		if p.Bytes > 0 {
			continue
		}
		out := e.Output(i)
		list = append(list, copied{output: i, offset: align(need), bytes: len(out.Data), shape: out.Shape})
		need = align(need) + len(out.Data)
	}
	if need > len(room) {
		putReply(reply, statusRoom, took)
		n := copy(reply[replySize:], appendCount(nil, need))
		return replySize + n, nil
	}
	for _, c := range list {
		copy(room[c.offset:], e.Output(c.output).Data)
	}
	putReply(reply, statusOK, took)
	if e.sent && equalCopied(e.list, list) {
		return replySize, nil
	}
	e.list, e.sent = list, true
	return replySize + copy(reply[replySize:], appendCopied(nil, list)), nil
}

func (e *resident) roomBytes() []byte {
	if e.room != nil {
		return e.room.Bytes()
	}
	return e.layout.Room.of(e.memory.Bytes())
}

// makeRoom takes a larger memory for the copied outputs and repeats the reply of the run.
func (e *resident) makeRoom(shared []*isolate.Memory, reply []byte) (int, error) {
	if len(shared) != 1 {
		return 0, errors.New("one memory was expected")
	}
	if e.room != nil {
		if err := e.room.Close(); err != nil {
			return 0, err
		}
	}
	e.room, e.sent = shared[0], false
	return e.ran(0, reply)
}

func (w *child) close(number uint32) error {
	e := w.engines[number]
	delete(w.engines, number)
	err := e.Close() // before the memory of its tensors

	for _, m := range []*isolate.Memory{e.memory, e.room} {
		if m != nil {
			err = errors.Join(err, m.Close())
		}
	}
	return err
}
