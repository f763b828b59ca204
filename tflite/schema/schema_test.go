package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"corallite/tflite/schema"
)

func TestAll(t *testing.T) {
	for _, g := range []string{"/work/shared/testdata/models/*.tflite", "/work/shared/testdata/models/*/*.tflite", "/tmp/w/tfl/*/*/*.tflite", "/tmp/w/tfl/*/*/*/*.tflite", "/root/go/pkg/mod/github.com/mattn/go-tflite@v1.0.5/_example/*/*.tflite"} {
		fs, _ := filepath.Glob(g)
		for _, f := range fs {
			b, _ := os.ReadFile(f)
			m, err := schema.Read(b)
			if err != nil {
				t.Errorf("%s: %v", f, err)
				continue
			}
			fmt.Println(filepath.Base(f), len(m.Subgraphs), len(m.Main().Operators), m.Main().InputInfos(), m.Main().OutputInfos(), m.Compiled(), len(m.Signatures))
		}
	}
}
