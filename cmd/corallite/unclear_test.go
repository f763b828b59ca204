package main

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/schema/mutate"
	"corallite/internal/testdata"
)

// mutationsEnv is how many damaged inputs TestUnclear tries, and binaryEnv a corallite that scripts/build made, which
// starts sooner than the test's own.
const (
	mutationsEnv = "CORALLITE_MUTATIONS"
	binaryEnv    = "CORALLITE_BINARY"
)

// unclear are marks of a message that tells its reader about our insides instead of about the input.
var unclear = []struct {
	what string
	mark *regexp.Regexp
}{
	{"Go's words", regexp.MustCompile(`%!|runtime error|goroutine \d|nil pointer|<nil>|&\{|strconv\.|reflect\.|unexpected EOF$|: EOF$|fs\.PathError`)},
	{"a parser's words", regexp.MustCompile(`(^|[^.a-z])yaml: |cannot unmarshal|!![a-z]+|did not find expected|(^|[^.a-z-])json: |invalid character .* looking for|xml: |proto: |mapping values|flatbuffer`)},
	{"a C library's line", regexp.MustCompile(`OpenCV\(|\[ ?(ERROR|WARN|INFO):\d|libpng|Premature end of|Corrupt JPEG|\[[a-z0-9_,]+ @ 0x|^(tensorflow/|TfLite)|\.cpp:\d+|ALSA lib|CHECK failed|terminate called`)},
	{"a pointer", regexp.MustCompile(`\b0x[0-9a-f]{6,}\b`)},
	{"a control character", regexp.MustCompile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")},
}

// twice is a path that stands in a line more than once.
func twice(line string) string {
	seen := map[string]bool{}
	for _, word := range regexp.MustCompile(`(/[^\s:;,"'()]+){2,}`).FindAllString(line, -1) {
		if seen[word] {
			return word
		}
		seen[word] = true
	}
	return ""
}

// unclearIn says what is wrong with a program's words; "" when nothing is.
func unclearIn(said string) string {
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\r\n")
		for _, u := range unclear {
			if u.mark.MatchString(line) {
				return u.what + ": " + line
			}
		}
		if path := twice(line); path != "" {
			return "a path twice: " + line
		}
	}
	return ""
}

// damaged is a kind of input, whole, and the command that takes it.
type damaged struct {
	kind   string
	file   string // its name in the folder of a try
	seed   []byte
	beside map[string]string // further files in that folder: name, and what it is a link to
	args   []string          // FILE stands for the damaged file
	damage func(r *rand.Rand, seed []byte) []byte
}

// damageBytes breaks a file as files break: bits flipped, the end lost, a stretch overwritten or taken out.
func damageBytes(r *rand.Rand, seed []byte) []byte {
	b := bytes.Clone(seed)
	at := func() int { return r.IntN(max(1, min(len(b), []int{64, 1024, len(b)}[r.IntN(3)]))) }
	switch r.IntN(5) {
	case 0:
		return b[:at()]
	case 1:
		i := at()
		j := min(len(b), i+r.IntN(64))
		return append(b[:i], b[j:]...)
	case 2:
		for i, end := at(), at(); i < min(end, len(b)); i++ {
			b[i] = byte(r.Uint32())
		}
	default:
		for range 1 + r.IntN(8) {
			if len(b) > 0 {
				b[at()] ^= 1 << r.IntN(8)
			}
		}
	}
	return b
}

// odd are texts that people and programs put where something else belongs.
var odd = []string{"", "-1", "0", "1e99", "NaN", "true", "~", "[]", "{}", "[a, b]", "{a: b}", "*x", "&x", "\t", "é", "\x00", "\xff", "'", `"`, ": ", "- ", "#", "<<", "..", "/", "/dev/null", "nobody", "99999999999999999999", "0.5", "detect", "2026-01-02"}

// damageText breaks a text as people do: lines lost, doubled, swapped, indented otherwise; words replaced or misspelt.
func damageText(r *rand.Rand, seed []byte) []byte {
	if r.IntN(5) == 0 {
		return damageBytes(r, seed)
	}
	lines := strings.Split(string(seed), "\n")
	i := r.IntN(len(lines))
	switch r.IntN(7) {
	case 0:
		lines = slices.Delete(lines, i, i+1)
	case 1:
		lines = slices.Insert(lines, i, lines[r.IntN(len(lines))])
	case 2:
		j := r.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
	case 3:
		lines[i] = strings.Repeat(" ", r.IntN(8)) + strings.TrimLeft(lines[i], " ")
	case 4:
		lines[i] = odd[r.IntN(len(odd))]
	default:
		words := regexp.MustCompile(`[^\s:,\[\]{}]+`).FindAllStringIndex(lines[i], -1)
		if len(words) == 0 {
			break
		}
		w := words[r.IntN(len(words))]
		with := odd[r.IntN(len(odd))]
		if r.IntN(2) == 0 && w[1]-w[0] > 2 { // misspelt
			word := []byte(lines[i][w[0]:w[1]])
			k := r.IntN(len(word) - 1)
			word[k], word[k+1] = word[k+1], word[k]
			with = string(word)
		}
		lines[i] = lines[i][:w[0]] + with + lines[i][w[1]:]
	}
	return []byte(strings.Join(lines, "\n"))
}

// damageModel breaks a model where that matters.
func damageModel(t *testing.T, model []byte) func(*rand.Rand, []byte) []byte {
	t.Helper()
	seed, err := mutate.NewSeed("seed", model)
	if err != nil {
		t.Fatal(err)
	}
	return func(r *rand.Rand, _ []byte) []byte {
		b, _ := seed.Mutant(r, seed)
		return b
	}
}

// damagedKinds are the inputs that are tried, in turn.
func damagedKinds(t *testing.T) []damaged {
	t.Helper()
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	path := func(name string) string { return testdata.Path(t, name) }
	var all []damaged
	add := func(d damaged) { all = append(all, d) }

	net, picture, labels := path("models/mobilenet_v1_0.25_128_quant.tflite"), path("images/cat.bmp"), path("labels/imagenet_labels.txt")
	ssd := path("models/ssd_mobilenet_v1_coco_quant.tflite")
	for _, config := range []string{"many-cameras", "voice-commands", "faces-pictures", "pose", "coral-board"} {
		add(damaged{kind: "configuration", file: "c.yaml", seed: read("../../configs/" + config + ".yaml"), args: []string{"config", "check", "FILE"}, damage: damageText})
	}
	for task, model := range map[string]string{"classify": net, "detect": ssd, "pose": path("models/movenet_single_pose_lightning_ptq.tflite"), "segment": path("models/deeplabv3_mnv2_dm05_pascal_quant.tflite")} {
		seed := read(model)
		add(damaged{kind: "model", file: "m.tflite", seed: seed, args: []string{task, "--model", "FILE", picture}, damage: damageModel(t, seed)})
	}
	add(damaged{kind: "labels", file: "l.txt", seed: read(labels), args: []string{"classify", "--model", net, "--labels", "FILE", picture}, damage: damageText})
	add(damaged{kind: "labels", file: "l.txt", seed: read(path("labels/coco_labels.txt")), args: []string{"detect", "--model", ssd, "--labels", "FILE", picture}, damage: damageText})
	for _, name := range []string{"images/cat_720p.jpg", "images/bird.bmp", "images/grace_hopper.bmp", "images/hot_dog.jpg"} {
		add(damaged{kind: "picture", file: "p" + filepath.Ext(name), seed: read(path(name)), args: []string{"classify", "--model", net, "FILE"}, damage: damageBytes})
	}
	wake := testdata.Packaged(t, "pymicro_wakeword/models/alexa.tflite")
	manifest := strings.TrimSuffix(wake, ".tflite") + ".json"
	add(damaged{kind: "recording", file: "r.wav", seed: read(path("speech/wakewords/alexa-en-us.wav")), args: []string{"listen", "--model", wake, "FILE"}, damage: damageBytes})
	add(damaged{kind: "manifest", file: "w.json", seed: read(manifest), beside: map[string]string{"w.tflite": wake}, args: []string{"listen", "--model", "BESIDE/w.tflite", path("speech/digits/5_lucas_0.wav")}, damage: damageText})
	clip := filepath.Join(t.TempDir(), "clip.avi")
	clipOf(t, path("video/vtest.avi"), clip, 5)
	add(damaged{kind: "video", file: "v.avi", seed: read(clip), args: []string{"classify", "--model", net, "FILE"}, damage: damageBytes})
	for _, line := range []string{
		"classify --model " + net + " --labels " + labels + " --score-threshold 0.1 --max-results 3 --threads 1 --delegate xnnpack --json " + picture,
		"detect --model " + ssd + " --device usb:0 --out found " + picture,
		"listen --model " + wake + " --threads 1 " + path("speech/digits/5_lucas_0.wav"),
		"config check --set models.coco.threads=2 " + filepath.Dir(path("models")) + "/none.yaml",
		"models info alexa",
		"devices --json",
	} {
		add(damaged{kind: "command line", file: "line", seed: []byte(strings.ReplaceAll(line, " ", "\n")), damage: damageText})
	}
	return all
}

// try runs one damaged input and gives what the program said, and what is wrong with how it ended.
func (d damaged) try(ctx context.Context, binary, dir string, r *rand.Rand) (said, wrong string) {
	input := d.damage(r, d.seed)
	file := filepath.Join(dir, d.file)
	args := slices.Clone(d.args)
	if args == nil {
		args = strings.Split(string(input), "\n")
		if slices.ContainsFunc(args, func(a string) bool { return strings.ContainsRune(a, 0) }) {
			return "", "" // which no shell can say
		}
	} else if err := os.WriteFile(file, input, 0o600); err != nil {
		return "", err.Error()
	}
	for name, to := range d.beside {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err.Error()
		}
	}
	for i, a := range args {
		args[i] = strings.NewReplacer("FILE", file, "BESIDE", dir).Replace(a)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "CORALLITE_CACHE="+filepath.Join(dir, "cache"))
	_ = cmd.Run() // the exit code is looked at
	said = stderr.String()
	switch code := cmd.ProcessState.ExitCode(); {
	case ctx.Err() != nil:
		return said, "it hangs"
	case code < 0 || code > exitUsage:
		return said, "it ends with " + cmd.ProcessState.String()
	case code != exitDone && strings.TrimSpace(said) == "":
		return said, "it fails without a word"
	}
	return said, unclearIn(said)
}

// TestUnclear gives the program damaged configurations, models, label files, pictures, recordings, manifests, videos and
// command lines: it neither crashes nor hangs, and what it says of them is in words that their owner knows.
// CORALLITE_MUTATIONS=10000 tries more.
func TestUnclear(t *testing.T) {
	count := 60
	if text := os.Getenv(mutationsEnv); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", mutationsEnv, err)
		}
	}
	binary := "corallite"
	if path := os.Getenv(binaryEnv); path != "" {
		binary = path
	}
	kinds := damagedKinds(t)
	var mu sync.Mutex
	found, tried := map[string]int{}, map[string]int{}
	var all sync.WaitGroup
	work := make(chan int)
	for range 2 {
		dir := t.TempDir()
		all.Go(func() {
			for n := range work {
				d := kinds[n%len(kinds)]
				said, wrong := d.try(t.Context(), binary, dir, rand.New(rand.NewPCG(uint64(n), 7)))
				mu.Lock()
				tried[d.kind]++
				if wrong != "" {
					found[d.kind]++
					if found[d.kind] <= 20 {
						t.Errorf("%s %d: %s\n%s", d.kind, n, wrong, said)
					}
				}
				mu.Unlock()
			}
		})
	}
	begin := time.Now()
	for n := range count {
		work <- n
	}
	close(work)
	all.Wait()
	for _, kind := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%s: %d tried, %d unclear", kind, tried[kind], found[kind])
	}
	t.Logf("%d inputs in %v", count, time.Since(begin).Round(time.Second))
}
