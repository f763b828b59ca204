package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOffers checks what the Tab key offers.
func TestOffers(t *testing.T) {
	t.Setenv("CORALLITE_CACHE", t.TempDir())
	config := filepath.Join(t.TempDir(), "door.yaml")
	if err := os.WriteFile(config, []byte("models: {coco: {path: x}}\npipelines: {door: {}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const files, noFiles = ":8", ":4" // cobra's directives: by ending, none
	for line, c := range map[string]struct{ want, not string }{
		"detect --model ":                   {"face_detection_front", "mobilenet_v1_0.25_128_quant|alexa"},
		"classify --model ":                 {"mobilenet_v1_0.25_128_quant", "face_detection|alexa"},
		"segment --model ":                  {"deeplab", "movenet"},
		"listen --model ":                   {"alexa|digits", "face_detection"},
		"watch --model ":                    {"ssd_mobilenet_v1_coco_quant", "movenet|alexa"},
		"detect --model ./":                 {`tflite\n(?s:.*)` + files, "face_detection"},
		"detect ":                           {`jpg\n(?s:.*)mp4\n(?s:.*)` + files, "wav"},
		"listen ":                           {`wav\n(?s:.*)` + files, "jpg"},
		"run ":                              {`yaml\n(?s:.*)` + files, "jpg"},
		"models pull face_detection_front ": {`face_detection_back(?s:.*)` + noFiles, "(?m)^face_detection_front\t"},
		"models remove ":                    {noFiles, "face_detection_back"},
		"models info ":                      {`alexa\t(?s:.*)` + noFiles, "jpg"},
		"models search ":                    {`^` + noFiles, "jpg"},
		"models gc ":                        {noFiles, "jpg"},
		"devices ":                          {noFiles, "LICENSE"},
		"detect --delegate ":                {`auto\nedgetpu\nxnnpack\nnone\nplugin:\n:2`, "jpg"}, // where a path follows
		"detect --decoder ":                 {`ssd_postprocess\n(?s:.*)yolov8\n(?s:.*)` + noFiles, "jpg"},
		"detect --device ":                  {`usb\t(?s:.*)pci:0\t(?s:.*)` + noFiles, "jpg"},
		"detect --threads ":                 {`^` + noFiles, "jpg"},
		"watch --listen ":                   {`^` + noFiles, "jpg"},
		"detect --log-format ":              {`text\njson\n` + noFiles, "jpg"},
		"run " + config + " --set models.coco.th": {`models.coco.threads=\t(?s:.*):6`, "door"},
		"run " + config + " --set pipelines.d":    {`pipelines.door.source.url=\t`, "coco"},
		"run --set models.coco.th":                {`^:6`, "coco"},
		"completion ":                             {`bash\n(?s:.*)` + noFiles, "jpg"},
		"man ":                                    {":16", "jpg"},
	} {
		words := strings.Split(line, " ")
		code, stdout, _ := command(append([]string{"__complete"}, words...)...)
		if code != exitDone || !regexp.MustCompile(c.want).MatchString(stdout) || regexp.MustCompile(c.not).MatchString(stdout) {
			t.Errorf("%q: exit code %d, output\n%s\nwant %q and not %q", line, code, stdout, c.want, c.not)
		}
	}
}

// TestMan writes the manual pages.
func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "man1")
	code, stdout, stderr := command("man", dir)
	if code != exitDone || stderr != "" || !strings.Contains(stdout, " pages in "+dir) {
		t.Fatalf("exit code %d, %q, %q", code, stdout, stderr)
	}
	for page, want := range map[string]string{
		"corallite.1": "--log-format", "corallite-detect.1": "--score-threshold", "corallite-models-pull.1": "--accept-unverified",
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(text), `\-`, "-")
		if !strings.HasPrefix(string(text), ".") && !strings.HasPrefix(string(text), ".nh") || !strings.Contains(plain, want) || !strings.Contains(plain, "SYNOPSIS") {
			t.Errorf("%s:\n%s", page, text)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command("man", file); code != exitFailed || !strings.Contains(stderr, "file") {
		t.Errorf("into a file: exit code %d, %q", code, stderr)
	}
}
