package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// askKind is the kind of child that says what a delegate makes of models.
const askKind = "ask"

// answerBytes is the room for an answer.
const answerBytes = 8 << 20

// AskerOptions of StartAsker.
type AskerOptions struct {
	Item    choice.Item     // what is asked: a delegate, or the built-in kernels
	Device  edgetpu.Device  // for the Edge TPU: the one that may be opened
	Library string          // libedgetpu's path; "": as edgetpu.Load finds it
	Access  delegate.Access // what the child may use besides
	Logger  *slog.Logger    // for the child's messages; nil: dropped
}

// Asker asks a delegate, in a child process, which operators of models it takes. The child reads no files but those of the
// delegate: models come through shared memory. A model or library that crashes or hangs it is an ordinary error; the next
// question starts another child.
type Asker struct {
	o      AskerOptions
	child  *isolate.Process
	reply  []byte
	answer *isolate.Memory
}

// askSetup is the setup of the child.
type askSetup struct {
	Item    choice.Item `json:"item"`
	Device  string      `json:"device"`
	Library string      `json:"library"`
}

// NewAsker asks nothing yet.
func NewAsker(o AskerOptions) *Asker { return &Asker{o: o} }

// Question is about one model.
type Question struct {
	Path      string  `json:"path"` // for messages
	Bytes     int     `json:"bytes"`
	Shapes    [][]int `json:"shapes"`
	Signature string  `json:"signature"`
	Run       bool    `json:"run"` // once, with zeros

	Model    []byte        `json:"-"`
	Deadline time.Duration `json:"-"` // 0: a minute
}

// Answer is what the delegate makes of it.
type Answer struct {
	Taken  []tflite.Taken   `json:"taken"` // by the delegate that was asked, or by XNNPACK behind it
	Memory tflite.MemoryUse `json:"memory"`
	// Resident is by how much the process has grown at most, the model's bytes included; 0 where the kernel does not tell.
	Resident int64  `json:"resident"`
	RunError string `json:"run_error"` // of the run; "": none, or it was not asked for
}

// Ask asks about a model. An error is why the delegate does not take the model at all.
func (a *Asker) Ask(ctx context.Context, q Question) (Answer, error) {
	if err := a.start(ctx); err != nil {
		return Answer{}, err
	}
	model, err := isolate.NewMemory(max(len(q.Model), 1))
	if err != nil {
		return Answer{}, err
	}
	defer model.Close()
	q.Bytes = copy(model.Bytes(), q.Model)
	request, err := json.Marshal(q)
	if err != nil {
		return Answer{}, err
	}
	if q.Deadline <= 0 {
		q.Deadline = trialDeadline
	}
	n, err := a.child.Call(ctx, request, a.reply, isolate.CallOptions{Deadline: q.Deadline, Send: []*isolate.Memory{model, a.answer}})
	if err != nil {
		_ = a.Close() // err has the reason already
		if death := (*isolate.DeathError)(nil); errors.As(err, &death) && ctx.Err() == nil {
			return Answer{}, &askDeath{fmt.Sprintf("%s does not survive it: its process %s", a.o.Item, death.Cause()), death}
		}
		return Answer{}, err
	}
	var answer Answer
	err = readAnswer(a.reply[:n], a.answer, &answer)
	return answer, err
}

// askDeath is the error of a child that died over a question.
type askDeath struct {
	text  string
	death *isolate.DeathError
}

func (e *askDeath) Error() string { return e.text }
func (e *askDeath) Unwrap() error { return e.death }

func (a *Asker) start(ctx context.Context) (err error) {
	if a.child != nil {
		return nil
	}
	if a.answer, err = isolate.NewMemory(answerBytes); err != nil {
		return err
	}
	a.child, err = startAsked(ctx, askKind, "inspect ", a.o)
	if err != nil {
		return errors.Join(err, a.answer.Close())
	}
	a.reply = make([]byte, isolate.MaxMessage)
	return nil
}

// Close ends the child. Twice is safe; the Asker can be used again.
func (a *Asker) Close() error {
	if a.child == nil {
		return nil
	}
	err := errors.Join(a.child.Close(), a.answer.Close())
	a.child = nil
	return err
}
