package tflite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/schema/mutate"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// TestHostile breaks models, verifies each, and runs those that pass in a child process. The verifier must survive
// all of them. What crashes the runtime is listed, not failed: that is the runtime's.
//
// By default it tries a few. The run of docs/hostile-models.md is
//
//	CORALLITE_HOSTILE=10000 CORALLITE_MODELS=/folder/with/more/models go test -run TestHostile -v -timeout 1h ./tflite
func TestHostile(t *testing.T) {
	count := 60
	if s := os.Getenv("CORALLITE_HOSTILE"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	keep := os.Getenv("CORALLITE_HOSTILE_KEEP") // a folder for the models that crash the runtime
	seeds := hostileSeeds(t)
	seed, _ := strconv.ParseUint(os.Getenv("CORALLITE_HOSTILE_SEED"), 10, 64)
	r := rand.New(rand.NewPCG(1, seed))
	child := &victim{t: t}
	defer child.stop()
	refused, ran, failed := 0, 0, 0
	crashes := map[string]int{}
	for i := range count {
		origin := seeds[r.IntN(len(seeds))]
		model, how := origin.Mutant(r, seeds[r.IntN(len(seeds))])
		if err := schema.Verify(model); err != nil {
			if !errors.Is(err, schema.ErrInvalid) && !errors.Is(err, schema.ErrUnsupported) {
				t.Fatalf("mutant %d: %v", i, err)
			}
			refused++
			continue
		}
		stage, crash := child.run(model)
		switch {
		case crash != "":
			what := differences(origin.Bytes, model)
			crashes[fmt.Sprintf("%s at %s", crash, stage)]++
			t.Logf("mutant %d: %s of %s: %s at %s: %s", i, how, origin.Name, crash, stage, what)
			if keep != "" {
				os.WriteFile(filepath.Join(keep, fmt.Sprintf("%d.tflite", i)), model, 0o644)
			}
		case stage == "ok":
			ran++
		default:
			failed++
		}
	}
	t.Logf("%d mutants: %d refused by the verifier, %d ran, %d refused by the runtime, crashes %v", count, refused, ran, failed, crashes)
	if refused == 0 || ran == 0 {
		t.Errorf("%d refused and %d ran: the mutations are too wild or too tame", refused, ran)
	}
}

// hostileSeeds are models that the runtime can run, the quick ones.
func hostileSeeds(t *testing.T) []mutate.Seed {
	t.Helper()
	models := map[string][]byte{"addition": modeltest.Addition(1, 4).Bytes()}
	var paths []string
	for _, name := range []string{"split_concat", "keras_lstm_mnist_ptq", "mobilenet_v1_0.25_128_quant", "movenet_single_pose_lightning_ptq", "ssd_mobilenet_v1_coco_quant"} {
		paths = append(paths, testdata.Path(t, "models/"+name+".tflite"))
	}
	if more := os.Getenv("CORALLITE_MODELS"); more != "" {
		found, err := filepath.Glob(filepath.Join(more, "*.tflite"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		models[filepath.Base(path)] = b
	}
	var seeds []mutate.Seed
	for name, b := range models {
		seed, err := mutate.NewSeed(name, b)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, seed)
	}
	slices.SortFunc(seeds, func(a, b mutate.Seed) int { return strings.Compare(a.Name, b.Name) })
	return seeds
}

// victim is a child process that runs models until one kills it.
type victim struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string
	stderr *bytes.Buffer

	numbers bool                 // inputs are sensible numbers, and outputs are wanted
	answers map[string][]float64 // outputs of the last model by the kind of kernels, where numbers are wanted
}

const childEnv = "CORALLITE_HOSTILE_CHILD"

func (v *victim) start() {
	v.t.Helper()
	v.cmd = exec.Command(os.Args[0], "-test.run=^$")
	v.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%t", childEnv, v.numbers), "GOTRACEBACK=single")
	v.stderr = &bytes.Buffer{}
	v.cmd.Stderr = v.stderr
	var err error
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		v.t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	lines := make(chan string, 16)
	v.lines = lines
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
}

// run gives the child a model. stage is "ok", "error", or where the child was when it died of crash.
func (v *victim) run(model []byte) (stage, crash string) {
	v.t.Helper()
	if v.cmd == nil {
		v.start()
	}
	v.answers = map[string][]float64{}
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(model)))
	if _, err := v.in.Write(append(frame, model...)); err != nil {
		v.t.Fatal(err)
	}
	late := time.After(30 * time.Second)
	for {
		select {
		case line, open := <-v.lines:
			switch {
			case !open:
				return stage, v.death()
			case line == "ok" || line == "error":
				return line, ""
			}
			if words := strings.Fields(line); words[0] == "answer" {
				v.answers[words[1]] = []float64{}
				for _, w := range words[2:] {
					x, err := strconv.ParseFloat(w, 64)
					if err != nil {
						v.t.Fatal(err)
					}
					v.answers[words[1]] = append(v.answers[words[1]], x)
				}
				continue
			}
			stage = line
		case <-late:
			v.cmd.Process.Kill()
			for range v.lines { // until the child's output ends
			}
			v.death()
			return stage, "hang"
		}
	}
}

// death is what the child died of.
func (v *victim) death() string {
	err := v.cmd.Wait()
	v.cmd = nil
	said := v.stderr.String()
	for _, line := range strings.Split(said, "\n") {
		for _, word := range []string{"SIGSEGV", "SIGFPE", "SIGABRT", "SIGBUS", "SIGILL", "panic:", "fatal error:", "out of memory"} {
			if strings.Contains(line, word) {
				return strings.TrimSpace(line)
			}
		}
	}
	return fmt.Sprint(err)
}

func (v *victim) stop() {
	if v.cmd != nil {
		v.in.Close()
		for range v.lines {
		}
		v.cmd.Wait()
	}
}

// hostileChild runs models from standard input, each on both kinds of kernels, and says what it is about to do.
func hostileChild() {
	limitMemory()
	in := bufio.NewReader(os.Stdin)
	for {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return
		}
		model := make([]byte, binary.LittleEndian.Uint32(size[:]))
		if _, err := io.ReadFull(in, model); err != nil {
			return
		}
		result := "ok"
		for _, kind := range []string{"xnnpack", "builtin"} {
			if err := hostileRun(model, kind); err != nil {
				result = "error"
			}
		}
		fmt.Println(result)
	}
}

func hostileRun(model []byte, kind string) error {
	o := Options{Builtin: kind == "builtin"}
	if !o.Builtin {
		d, err := NewXNNPACK(1)
		if err != nil {
			return err
		}
		o.Delegates = []Delegate{d}
	}
	fmt.Println("open", kind)
	n, err := New(model, o)
	if err != nil {
		return err
	}
	defer n.Close()
	for i, info := range n.Inputs() {
		in := n.Input(i)
		for k := range in.Data {
			in.Data[k] = byte(k * 37)
		}
		if os.Getenv(childEnv) == "true" {
			values := make([]float32, info.Elements())
			for k := range values {
				values[k] = float32((k*37+i*5)%17-8) / 8
			}
			if err := tensor.SetReal(in, values); err != nil {
				return err
			}
		}
		if info.Type == tensor.String {
			if err := n.SetStrings(i, slices.Repeat([]string{"a word"}, info.Elements())...); err != nil {
				return err
			}
		}
	}
	fmt.Println("invoke", kind)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = n.Invoke(ctx)
	if err == nil {
		for i := range n.Outputs() {
			total := 0
			for _, b := range n.Output(i).Data {
				total += int(b)
			}
			_ = total
			if os.Getenv(childEnv) == "true" && i == 0 {
				values := make([]float32, n.Output(i).Elements())
				if err := tensor.Real(values, n.Output(i)); err != nil {
					return err
				}
				fmt.Println("answer", kind, strings.Trim(fmt.Sprint(values), "[]"))
			}
		}
	}
	fmt.Println("close", kind)
	return err
}

// differences says what a mutant changed, as far as the reader sees it.
func differences(before, after []byte) string {
	a, err1 := schema.Read(before)
	b, err2 := schema.Read(after)
	if err1 != nil || err2 != nil {
		return "?"
	}
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for g := range min(len(a.Subgraphs), len(b.Subgraphs)) {
		x, y := a.Subgraphs[g], b.Subgraphs[g]
		for i := range min(len(x.Tensors), len(y.Tensors)) {
			s, u := x.Tensors[i], y.Tensors[i]
			if !s.Same(u.Info) || s.Variable != u.Variable || s.Buffer != u.Buffer {
				add("tensor %d %v var=%v buf=%d -> %v var=%v buf=%d", i, s.Info, s.Variable, s.Buffer, u.Info, u.Variable, u.Buffer)
			} else if !bytes.Equal(s.Data, u.Data) && len(s.Data) <= 256 {
				add("tensor %d contents % x -> % x", i, s.Data, u.Data)
			}
		}
		for i := range min(len(x.Operators), len(y.Operators)) {
			s, u := x.Operators[i], y.Operators[i]
			if p, q := fmt.Sprintf("%s v%d %v %v %v", s.Name, s.Version, s.Inputs, s.Outputs, s.Intermediates), fmt.Sprintf("%s v%d %v %v %v", u.Name, u.Version, u.Inputs, u.Outputs, u.Intermediates); p != q {
				add("operator %d %s -> %s", i, p, q)
			} else if p, q := s.OptionsString(), u.OptionsString(); p != q {
				add("operator %d %s %s -> %s", i, s.Name, p, q)
			} else if !bytes.Equal(s.CustomOptions, u.CustomOptions) {
				add("operator %d %s custom options", i, s.Name)
			}
		}
		if p, q := fmt.Sprint(x.Inputs, x.Outputs, len(x.Tensors), len(x.Operators)), fmt.Sprint(y.Inputs, y.Outputs, len(y.Tensors), len(y.Operators)); p != q {
			add("graph %s -> %s", p, q)
		}
	}
	if len(out) > 4 {
		out = append(out[:4], "…")
	}
	return strings.Join(out, "; ")
}
