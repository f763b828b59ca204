package models

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chain is an openWakeWord model in a package, and its files by name.
func chain(t *testing.T) (catalog *catalog, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{"word.tflite": noise(100), "mel.tflite": noise(200), "embedding.tflite": noise(300)}
	wheel := wheelOf(t, map[string][]byte{"box/w.tflite": files["word.tflite"]})
	file := func(inside, name string) string {
		return fmt.Sprintf("{package: box, file: box/%s, as: %s, sha256: %s, size: %d}", inside, name, sumOf(files[name]), len(files[name]))
	}
	return mustParse(t, fmt.Sprintf(`
packages:
  box: {pypi: box==1.0, platform: any, file: box-1.0-py3-none-any.whl, sha256: %s, size: %d}
models:
  word:
    task: wakeword
    description: for tests
    licence: {spdx: CC-BY-NC-SA-4.0, source: made here, note: not for commercial use}
    files:
      model: %s
      melspectrogram: %s
      embedding: %s
    labels: [Word]
    wakeword: {kind: openwakeword, threshold: 0.4, patience: 2, refractory: 1.5}
`, sumOf(wheel), len(wheel), file("w.tflite", "word.tflite"), file("m.tflite", "mel.tflite"), file("e.tflite", "embedding.tflite"))), files
}

// TestPullChain pulls all three files of a chain from a folder and from a server, and says where each is. One that is
// missing later is missed.
func TestPullChain(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no python3: the package itself cannot be fetched
	c, files := chain(t)
	folder := t.TempDir()
	for name, data := range files {
		write(t, filepath.Join(folder, name), data)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer server.Close()
	for _, mirror := range []string{folder, server.URL} {
		s := open(Options{Cache: t.TempDir(), Downloads: t.TempDir(), Mirror: mirror, Client: server.Client()}, c)
		if _, err := s.Find("word"); err == nil || !strings.Contains(err.Error(), "run `corallite models pull word`") {
			t.Errorf("before the pull: %v", err)
		}
		found, err := s.Pull(context.Background(), "word", nil)
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, found.Model, files["word.tflite"])
		wantFile(t, found.Melspectrogram, files["mel.tflite"])
		wantFile(t, found.Embedding, files["embedding.tflite"])
		if list := s.List(); list[0].State != Cached || list[0].Size != 600 {
			t.Errorf("%+v", list[0])
		}
		if again, err := s.Find("word"); err != nil || again != found {
			t.Errorf("found %+v, %v, and pulled %+v", again, err, found)
		}
		if err := os.Remove(found.Embedding); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find("word"); err == nil || !strings.Contains(err.Error(), "embedding.tflite is missing") {
			t.Errorf("without the embedding: %v", err)
		}
	}
}

// TestVoice looks at what the catalog says of models that listen.
func TestVoice(t *testing.T) {
	c := builtin()
	kinds := map[string]int{}
	for _, e := range c.entries {
		if e.WakeWord == nil {
			if strings.Contains(e.Licence.SPDX, "-NC-") {
				t.Errorf("%s: licence %s", e.Name, e.Licence.SPDX)
			}
			continue
		}
		kinds[e.WakeWord.Kind]++
		if len(e.Labels) != 1 {
			t.Errorf("%s has the labels %q", e.Name, e.Labels)
		}
		// Whoever lists or pulls it must see that it is not free for every use.
		commercial := e.WakeWord.Kind == MicroWakeWord
		if (e.Licence.SPDX == "CC-BY-NC-SA-4.0") == commercial || (e.Licence.Note == "not for commercial use") == commercial ||
			strings.HasSuffix(e.Description, "; not for commercial use") == commercial {
			t.Errorf("%s: licence %+v, description %q", e.Name, e.Licence, e.Description)
		}
	}
	if kinds[MicroWakeWord] != 4 || kinds[OpenWakeWord] != 5 {
		t.Errorf("wake words: %v", kinds)
	}
}

func TestBadSound(t *testing.T) {
	file := func(name string) string {
		return fmt.Sprintf("%s: {url: 'https://a.invalid/%s', sha256: %s, size: 1}", name, name, strings.Repeat("0", 64))
	}
	entry := func(task string, files []string, rest string) string {
		all := file("model")
		for _, f := range files {
			all += ", " + file(f)
		}
		return fmt.Sprintf("models:\n  m:\n    task: %s\n    description: d\n    licence: {spdx: MIT, source: s}\n    labels: [a]\n    files: {%s}\n    %s\n",
			task, all, rest)
	}
	manifest, chain := []string{"manifest"}, []string{"melspectrogram", "embedding"}
	for _, good := range []string{
		entry("wakeword", manifest, "wakeword: {kind: micro}"),
		entry("wakeword", chain, "wakeword: {kind: openwakeword, threshold: 0.5, patience: 3, refractory: 2}"),
		entry("keyword", nil, "keyword: {features: {kind: logmel, rate: 16000, window_ms: 25, hop_ms: 10, bins: 40, low_hz: 0, high_hz: 8000, scale: htk, spectrum: power, offset: 0.001, mean: [1]}, step: 0.1, threshold: 0.5, thresholds: {a: 0.7}}"),
	} {
		if _, err := parseCatalog([]byte(good)); err != nil {
			t.Errorf("%v\n%s", err, good)
		}
	}
	for want, bad := range map[string]string{
		"wakeword is required":     entry("wakeword", manifest, ""),
		"not allowed for others":   entry("detect", manifest, "wakeword: {kind: micro}"),
		`wakeword.kind: "macro"`:   entry("wakeword", manifest, "wakeword: {kind: macro}"),
		"needs a manifest, and no": entry("wakeword", chain, "wakeword: {kind: micro}"),
		"needs melspectrogram":     entry("wakeword", chain[:1], "wakeword: {kind: openwakeword}"),
		"wakeword: threshold":      entry("wakeword", manifest, "wakeword: {kind: micro, threshold: 1.5}"),
		"keyword is required":      entry("keyword", nil, ""),
		`unknown kind "mfcc"`:      entry("keyword", nil, "keyword: {features: {kind: mfcc}}"),
		"features: kind is missi":  entry("keyword", nil, "keyword: {threshold: 0.5}"),
		"missing window_ms, bin":   entry("keyword", nil, "keyword: {features: {kind: logmel, rate: 16000, hop_ms: 10}}"),
		"keyword: threshold":       entry("keyword", nil, "keyword: {features: {kind: coral}, smoothing: -1}"),
		"keyword.thresholds: b":    entry("keyword", nil, "keyword: {features: {kind: coral}, thresholds: {b: 0.5}}"),
		"keyword.thresholds: a: ":  entry("keyword", nil, "keyword: {features: {kind: coral}, thresholds: {a: 0}}"),
	} {
		_, err := parseCatalog([]byte(bad))
		wantError(t, err, "catalog: m", want)
	}
}
