// Command madeup loads a configuration with the made-up keys of TestMadeUpKeys and prints what each of them became, and
// what is said of them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"corallite/configs"
)

// madeUp are the made-up keys.
var madeUp = []string{"mood", "blinks", "leaps", "leash", "naps"}

func main() {
	cfg, err := configs.Load(os.Args[1:2], configs.LoadOptions{Set: os.Args[2:]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	detector, classifier := cfg.Models["d"], cfg.Models["c"]
	fmt.Println("values:", detector.Mood, classifier.Blinks, detector.Track.Leash, cfg.Pipelines["p"].Naps)

	shown, err := configs.Show(cfg, false)
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(shown)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); slices.Contains(madeUp, name) {
			fmt.Println("shown:", name, value)
		}
	}

	schema, err := configs.Schema()
	if err != nil || !json.Valid(schema) {
		panic(err)
	}
	for _, name := range madeUp {
		fmt.Println("schema:", name, strings.Count(string(schema), `"`+name+`": {`))
	}
	fmt.Println("flag:", configs.FlagOf("models", "mood").Expects())
	for _, task := range []string{configs.TaskDetect, configs.TaskSegment, configs.TaskKeyword} {
		for _, f := range configs.ModelFlags(task) {
			if slices.Contains(madeUp, f.Key) {
				fmt.Println("flag of", task+":", f.Key, f.Usage())
			}
		}
	}
	for _, c := range configs.Completions(os.Args[1:2], "models.d.track.le") {
		fmt.Println("completion:", c.Text, c.Doc)
	}
	for _, c := range configs.Completions(os.Args[1:2], "models.d.mood=") {
		fmt.Println("completion:", c.Text)
	}
}
