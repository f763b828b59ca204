package testdata

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Golden reads what an oracle has said of cases, into want, from testdata/golden.json of the package under test. With update
// the file is made anew first: testdata/oracle.py gets the cases as JSON and prints what it says of them (Metrics).
func Golden(tb testing.TB, update bool, cases, want any) {
	tb.Helper()
	const golden = "testdata/golden.json"
	if update {
		file := filepath.Join(tb.TempDir(), "cases.json")
		data, err := json.Marshal(cases)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err == nil {
			err = os.WriteFile(golden, Metrics(tb, "testdata/oracle.py", file), 0o644)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	data, err := os.ReadFile(golden)
	if err == nil {
		err = json.Unmarshal(data, want)
	}
	if err != nil {
		tb.Fatal(err)
	}
}
