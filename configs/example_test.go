package configs_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"corallite/configs"
)

// All problems of a file are reported at once, each with its place.
func ExampleLoad() {
	folder, err := os.MkdirTemp("", "configs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "phone.yaml")
	text := `
models:
  digits: {path: digits, threads: many}
pipelines:
  phone: {source: {sound: "-"}, modles: [digits], sinks: [jsonl: {path: "-"}]}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	_, err = configs.Load([]string{file}, configs.LoadOptions{})
	var problems configs.Problems
	if !errors.As(err, &problems) {
		log.Fatal(err)
	}
	for _, p := range problems {
		fmt.Printf("line %d, %s: %s\n", p.Line, p.Path, p.Message)
	}
	// Output:
	// line 3, models.digits.threads: expected an integer from 0 to 256, not the string "many"
	// line 5, pipelines.phone.modles: unknown key; did you mean "models"?
	// line 5, pipelines.phone.models: required key is missing: expected a string or a list of strings
}

// Default makes the configuration of a sink for a program that has no file.
func ExampleDefault() {
	events := configs.Default[configs.WebhookSink]()
	events.URL = "http://127.0.0.1:8080/events"
	fmt.Println(events.Timeout, events.Retries)
	// Output: 10s 5
}
