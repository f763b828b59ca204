package configs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCompletions(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	for file, text := range map[string]string{
		good: "models:\n  coco: {path: x.tflite}\n  a.b: {}\npipelines:\n  door: {models: [coco]}\nlog: [1]\n",
		bad:  "models: {",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	texts := func(word string, files ...string) []string {
		var all []string
		for _, c := range Completions(files, word) {
			if c.Doc == "" {
				t.Errorf("%s has no explanation", c.Text)
			}
			all = append(all, c.Text)
		}
		return all
	}
	for _, c := range []struct{ word, want string }{
		{"models.coco.thr", "models.coco.threads="}, {"models.coco.delegate=x", "models.coco.delegate=xnnpack"},
		{"pipelines.door.source.u", "pipelines.door.source.url="}, {"log.l", "log.level="}, {"models.coco.isolate=t", "models.coco.isolate=true"},
	} {
		if got := texts(c.word, good, bad, filepath.Join(dir, "absent.yaml"), dir); !slices.Contains(got, c.want) {
			t.Errorf("%s: %q lacks %s", c.word, got, c.want)
		}
	}
	for _, word := range []string{"models.a.b", "pipelines.door.sinks", "nothing"} {
		if got := texts(word, good); len(got) > 0 {
			t.Errorf("%s: %q", word, got)
		}
	}
	// What is offered is what --set takes.
	for _, text := range texts("", good) {
		if _, err := Load([]string{good}, LoadOptions{Set: []string{text + "\x01"}}); err == nil {
			t.Errorf("%s takes anything", text)
		} else if p, ok := err.(Problems); ok && slices.ContainsFunc(p, func(p Problem) bool {
			return p.Path+"=" == text && len(p.Message) > 11 && p.Message[:11] == "unknown key"
		}) {
			t.Errorf("%s is offered and not known: %v", text, err)
		}
	}
}
