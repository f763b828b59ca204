package configs

import (
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/models"
	"corallite/pipeline/vision"
)

func TestCheckThreshold(t *testing.T) {
	unknown := Defaults(TaskEmbed, nil)
	unknown.Path = "own.tflite"
	if err := unknown.CheckThreshold(); err != nil {
		t.Errorf("without a gallery: %v", err)
	}
	unknown.Gallery = "things"
	if err := unknown.CheckThreshold(); err == nil || !strings.Contains(err.Error(), "`corallite embed --calibrate --model own.tflite --gallery things`") {
		t.Errorf("a model that the catalog does not know: %v", err)
	}
	known := Defaults(TaskEmbed, &models.Entry{Embed: &models.Embed{Subject: models.Things, ScoreThreshold: 0.62}})
	known.Gallery = "things"
	if err := known.CheckThreshold(); err != nil || known.ScoreThreshold != 0.62 {
		t.Errorf("a model of the catalog: %v, threshold %v", err, known.ScoreThreshold)
	}
}

func TestGalleryThreshold(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "things/cup/1.jpg", "x")
	const text = `
models: {who: {path: m.tflite, task: embed, gallery: things}}
pipelines: {p: {source: {images: "*.jpg"}, models: [who], sinks: [table: {}]}}
`
	_, err := load(t, text)
	wantProblems(t, err, "c.yaml:2: models.who.score_threshold: required key is missing: the catalog does not know the model, so it is unknown how similar "+
		"pictures of the same thing are; measure it with `corallite embed --calibrate --model m.tflite --gallery things`")
	cfg := mustLoad(t, strings.Replace(text, "gallery: things", "gallery: things, score_threshold: 0", 1))
	if m := cfg.Models["who"]; m.ScoreThreshold != 0 {
		t.Errorf("a threshold of 0 that is given: %v", m.ScoreThreshold)
	}
}

func TestFaceWarning(t *testing.T) {
	of := func(path, subject, gallery string) Model {
		return Model{Path: path, Subject: subject, Settings: vision.Settings{EmbedSettings: vision.EmbedSettings{Gallery: gallery}}}
	}
	things := func(gallery string) Model { return of("things.tflite", models.Things, gallery) }
	detector := func(decoder string, labels ...string) *Model {
		return &Model{Settings: vision.Settings{Task: TaskDetect, DetectSettings: vision.DetectSettings{Decoder: decoder}, Settings: score.Settings{Labels: labels}}}
	}
	face := detector("", "face")
	for name, c := range map[string]struct {
		model    Model
		detector *Model
		want     bool
	}{
		"things":                      {things("tools"), nil, false},
		"things behind a detector":    {things("tools"), detector("", "cup", "face"), false},
		"behind a face detector":      {things("tools"), face, true},
		"by its decoder":              {things("tools"), detector("mediapipe_face_back"), true},
		"a gallery of people":         {things("/home/me/People/"), nil, true},
		"a model for faces":           {of("", models.Faces, "faces"), face, false},
		"a model that nobody knows":   {of("", "", "faces"), face, false},
		"a name that has faces in it": {things("surfaces"), nil, false},
	} {
		if got := c.model.FaceWarning(c.detector); (got != "") != c.want || c.want && !strings.HasPrefix(got, "things.tflite was trained on things") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
