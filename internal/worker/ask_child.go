package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"

	"corallite/delegate"
	"corallite/internal/choice"
	"corallite/internal/isolate"
)

// serveAsks opens each model that it receives on the delegate of the setup.
func serveAsks(c *isolate.Child) error {
	var setup askSetup
	if err := json.Unmarshal(c.Setup, &setup); err != nil {
		return err
	}
	return c.Serve(func(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
		var q Question
		if err := json.Unmarshal(request, &q); err != nil {
			return 0, err
		}
		if len(shared) != 2 || q.Bytes < 0 || q.Bytes > len(shared[0].Bytes()) {
			return 0, errors.New("a memory with the model and one for the answer were expected")
		}
		text, err := answerTo(setup, q, shared[0].Bytes()[:q.Bytes])
		if err == nil && len(text) > len(shared[1].Bytes()) {
			err = errors.New("the answer is too long: the model has too many operators")
		}
		if err == nil {
			copy(shared[1].Bytes(), text)
		}
		if e := errors.Join(shared[0].Close(), shared[1].Close()); e != nil {
			return 0, e
		}
		if err != nil {
			return answered(reply, err)
		}
		putReply(reply, statusOK, 0)
		return replySize + copy(reply[replySize:], appendCount(nil, len(text))), nil
	})
}

// answerTo is the JSON of an Answer.
func answerTo(setup askSetup, q Question, model []byte) ([]byte, error) {
	before, peakBefore := processMemory()
	m, err := delegate.ReadBytes(q.Path, model)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if err := m.Select(q.Signature); err != nil {
		return nil, err
	}
	all, err := m.Open(context.Background(), delegate.Options{
		Choice: choice.Choice{setup.Item}, Device: setup.Device, EdgeTPULibrary: setup.Library, Shapes: q.Shapes, Observe: true,
	}, 1)
	if err != nil {
		return nil, err
	}
	e := all[0]
	defer e.Close()
	seen, err := m.Observe(e)
	if err != nil {
		return nil, err
	}
	a := Answer{Taken: seen.Taken, Memory: seen.Memory}
	if q.Run {
		if err = fillWithZeros(e); err == nil {
			err = e.Invoke(context.Background())
		}
		if err != nil {
			a.RunError = shorten(err.Error())
		} else if again, err := m.Observe(e); err == nil {
			a.Memory = again.Memory // with tensors whose sizes are found in the run
		}
	}
	if _, peak := processMemory(); peak > peakBefore {
		a.Resident = peak - before
	}
	return json.Marshal(a)
}

// processMemory is the memory of this process, and the most that it had, in bytes; 0 where the kernel does not tell.
func processMemory() (now, most int64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	value := func(name string) int64 {
		_, rest, _ := bytes.Cut(text, []byte("\n"+name+":"))
		fields := bytes.Fields(rest)
		if len(fields) == 0 {
			return 0
		}
		kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return value("VmRSS"), value("VmHWM")
}
