package openwakeword

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/internal/testdata"
	"corallite/pipeline/audio"
)

// floats are 32-bit, little-endian, in base64.
type floats []float32

func (f *floats) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	for ; len(b) >= 4; b = b[4:] {
		*f = append(*f, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return err
}

// said is a line of oracle.py.
type said struct {
	Name       string            `json:"name"`
	Rows       int               `json:"rows"`
	Embeddings floats            `json:"embeddings"`
	Scores     map[string]floats `json:"scores"`
}

// What the package and this one compute differs because float kernels add in different orders: the package lets the
// runtime take as many threads as it likes, and with them it takes other kernels than with one; XNNPACK has kernels of
// its own. A 32-bit float has seven digits; features are up to about 80. What was seen is a tenth of this.
const (
	featureTolerance = 1e-3
	scoreTolerance   = 1e-4
)

var update = flag.Bool("update", false, "write testdata/golden.txt from what the Python package says")

// TestOracle compares every row of embeddings and every score with the Python package's, for all recordings and words,
// on XNNPACK; for one recording of each word on the built-in kernels too.
func TestOracle(t *testing.T) {
	paths := recordings(t)
	lines := bufio.NewScanner(bytes.NewReader(testdata.Oracle(t, "testdata/oracle.py", append([]string{strconv.Itoa(tail * hop)}, paths...)...)))
	lines.Buffer(nil, 1<<20)
	chains := []*chain{newChain(t, delegate.XNNPACK), newChain(t, delegate.None)}
	var golden bytes.Buffer
	for _, path := range paths {
		var want said
		if !lines.Scan() {
			t.Fatal("the package says less than it was asked for")
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		for i, c := range chains {
			if i == 0 || strings.HasSuffix(path, "-en-us.wav") {
				c.compare(t, path, want)
			}
		}
		writeGolden(&golden, want, len(samples(t, path)))
	}
	for _, c := range chains {
		t.Logf("%s: %d scores, furthest from the package's by %.2g, its features by %.2g", c.choice, c.count, c.scores, c.features)
	}
	if *update {
		if err := os.WriteFile("testdata/golden.txt", golden.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// chain is all the models, and how far they were from the package.
type chain struct {
	choice           delegate.Choice
	stage            *Stage
	words            map[string]*wakeWord
	count            int
	features, scores float64
}

func newChain(tb testing.TB, choice delegate.Choice) *chain {
	tb.Helper()
	c := &chain{choice: choice, stage: stage(tb, choice), words: map[string]*wakeWord{}}
	for _, name := range words {
		c.words[name] = word(tb, name, choice, Options{Refractory: time.Second})
	}
	return c
}

func (c *chain) compare(t *testing.T, path string, want said) {
	t.Helper()
	chunks := cut(samples(t, path), 0, 320)
	rows := hear(t, c.stage, chunks)
	n := len(rows)/audio.EmbeddingSize - before
	silent := want.Rows - n // the package gives all rows of the silence before
	if silent < before || len(want.Embeddings) != want.Rows*audio.EmbeddingSize {
		t.Fatalf("%s: %d rows of sound, and the package has %d in all", want.Name, n, want.Rows)
	}
	d := furthest(rows, want.Embeddings[(silent-before)*audio.EmbeddingSize:])
	if c.features = max(c.features, d); !(d <= featureTolerance) {
		t.Errorf("%s, %s: features differ by %g", want.Name, c.choice, d)
	}
	for _, name := range words {
		_, scores := told(t, c.words[name], chunks)
		theirs := want.Scores[name]
		if len(scores) != n || len(theirs) < n {
			t.Fatalf("%s, %s: %d scores for %d rows, and the package has %d", want.Name, name, len(scores), n, len(theirs))
		}
		c.count += n
		d := furthest(scores, theirs[len(theirs)-n:])
		if c.scores = max(c.scores, d); !(d <= scoreTolerance) {
			t.Errorf("%s, %s, %s: scores differ by %g", want.Name, name, c.choice, d)
		}
	}
}

// furthest is the largest difference; infinite when the lengths differ or one is no number.
func furthest(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var most float64
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if d != d {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}
