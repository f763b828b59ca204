package corallite_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"corallite"
	"corallite/internal/testdata"
)

// TestMain runs everything in the folder of the test data, with a cache of its own. Examples cannot skip by themselves:
// without the data they are left out, in words.
func TestMain(m *testing.M) {
	corallite.Main()
	flag.Parse()
	if err := os.Chdir(testdata.Root()); err != nil {
		if os.Getenv("CI") == "true" {
			fmt.Println("the test data is not there:", err)
			os.Exit(1)
		}
		fmt.Println("the examples are skipped: the test data is not there:", err)
		_ = flag.Set("test.skip", "^Example")
	}
	cache, err := os.MkdirTemp("", "corallite")
	if err == nil {
		err = os.Setenv("CORALLITE_CACHE", cache)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(cache) // nobody could be told
	os.Exit(code)
}
