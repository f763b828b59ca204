package importrules

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestModule walks the module's packages.
func TestModule(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	list := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,CgoFiles", "./...")
	list.Dir = filepath.Join(filepath.Dir(file), "..", "..")
	visit(t, list.Dir)
	var stderr strings.Builder
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, w := range Wrong(p) {
			t.Error(w)
		}
		switch promised, importable := Public(p.ImportPath); {
		case importable != promised:
			t.Errorf("%s can be imported by other modules: move it below internal, or promise its stability in importrules, CONTRIBUTING.md and its package comment", p.ImportPath)
		case promised != promises(t, p.Dir):
			t.Errorf("%s is public (%t), and its package comment says otherwise of Semantic Versioning", p.ImportPath, promised)
		}
	}
	if seen < 10 {
		t.Errorf("go list shows only %d packages", seen)
	}
}

// promises reports whether a package comment promises stability.
func promises(t *testing.T, dir string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		comment, _, _ := strings.Cut("\n"+string(text), "\npackage ")
		if strings.Contains(comment, "Semantic Versioning") {
			return true
		}
	}
	return false
}

// visit looks at every Go file, so that go test knows what this test depends on and does not answer from its cache
// after a file has changed: it does not see what the go list above reads.
func visit(t *testing.T, root string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(path) == ".go":
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // an editor may be saving a file
		t.Fatal(err)
	}
}

func TestWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		imports string
		cgo     bool
		want    string // "": nothing is wrong
	}{
		{name: "cmd/corallite", imports: "corallite/pipeline corallite/delegate corallite/tflite gocv.io/x/gocv"},
		{name: "pipeline/vision", imports: "corallite/pipeline corallite/tflite/tensor corallite/internal/didyoumean gocv.io/x/gocv"},
		{name: "pipeline", imports: "corallite/tflite", want: "must not import tflite"},
		{name: "pipeline/vision", imports: "corallite/delegate", want: "must not import delegate"},
		{name: "pipeline/vision", imports: "corallite/delegate/edgetpu", want: "must not import delegate/edgetpu"},
		{name: "pipeline/vision", imports: "github.com/mattn/go-tflite", want: "must not import github.com/mattn/go-tflite"},
		{name: "pipeline/vision", imports: "corallite/internal/pipetest", want: "which is for tests"},
		{name: "internal/pipetest", imports: "corallite/pipeline corallite/internal/testdata"},
		{name: "tflite", imports: "corallite/tflite/internal/capi github.com/mattn/go-tflite/delegates"},
		{name: "tflite", imports: "corallite/pipeline", want: "must not import pipeline"},
		{name: "tflite", imports: "corallite/delegate", want: "must not import delegate"},
		{name: "tflite/tensor", imports: "corallite/tflite", want: "must not import tflite"},
		{name: "internal/schema", imports: "corallite/tflite/internal/capi", want: "must not import tflite/internal/capi"},
		{name: "delegate", imports: "corallite/tflite corallite/delegate/edgetpu corallite/internal/schema"},
		{name: "delegate", imports: "corallite/pipeline", want: "must not import pipeline"},
		{name: "delegate", imports: "gocv.io/x/gocv", want: "must not import gocv.io/x/gocv"},
		{name: "delegate/edgetpu", imports: "corallite/tflite", want: "must not import tflite"},
		{name: "delegate/edgetpu", cgo: true},
		{name: "tflite/internal/capi", cgo: true},
		{name: "internal/libav", cgo: true},
		{name: "internal/yuv", cgo: true},
		{name: "delegate/edgetpu/simtest", imports: "corallite/internal/testdata", cgo: true},
		{name: "tflite", cgo: true, want: "import \"C\""},
		{name: "delegate", cgo: true, want: "import \"C\""},
		{name: "cmd/corallite", cgo: true, want: "import \"C\""},
		{name: "models", imports: "corallite/tflite", want: "must not import tflite"},
		{name: "configs", imports: "corallite/models corallite/pipeline"},
		{name: "pipeline/vision", imports: "corallite/internal/schema"},
		{name: "pipeline", imports: "corallite/internal/schema", want: "which only"},
		{name: "pipeline/vision", imports: "corallite/internal/choice", want: "which only"},
		{name: "configs", imports: "corallite/internal/choice"},
		{name: "configs", imports: "corallite/delegate", want: "must not import delegate"},
		{name: "internal/didyoumean", imports: "corallite/pipeline", want: "must not import pipeline"},
		{name: "internal/app", imports: "corallite/internal/assemble corallite/configs corallite/internal/devicepool"},
		{name: "corallite", imports: "corallite/internal/app corallite/configs"},
		{name: "cmd/corallite", imports: "corallite"},
		{name: "pipeline", imports: "corallite", want: "must not import corallite"},
		{name: "internal/assemble", imports: "corallite/internal/app", want: "must not import internal/app"},
		{name: "pipeline", imports: "corallite/internal/assemble", want: "must not import internal/assemble"},
		{name: "internal/devicepool", imports: "corallite/delegate corallite/internal/scheduler corallite/internal/worker"},
		{name: "internal/scheduler", imports: "corallite/delegate", want: "must not import delegate"},
		{name: "delegate", imports: "corallite/internal/worker", want: "must not import internal/worker"},
		{name: "extras", want: "without a rule"},
	} {
		p := Package{ImportPath: Module + "/" + c.name, Imports: strings.Fields(c.imports)}
		if c.name == Module {
			p.ImportPath = Module
		}
		if c.cgo {
			p.CgoFiles = []string{"x.go"}
		}
		got := strings.Join(Wrong(p), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %q: got %q, want %q", c.name, c.imports, got, c.want)
		}
	}
}
