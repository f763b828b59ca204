package configs

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/internal/track"
)

// TestSwitch gives a group that true and false may stand for in every layer: the layer that comes first says whether it is
// there, and the keys are those of all layers.
func TestSwitch(t *testing.T) {
	usual := track.Options{MinFrames: 3, MaxLost: time.Second, MinIoU: 0.2, MinIoULow: 0.5, MinSimilar: 0.8}
	lost := func(d time.Duration) *track.Options {
		o := usual
		o.MaxLost = d
		return &o
	}
	never := usual
	never.Coast = new(float64)
	for name, c := range map[string]struct {
		yaml string
		env  [2]string
		set  []string
		want *track.Options
		show string // of the track key
	}{
		"nothing":               {"", [2]string{}, nil, nil, ""},
		"false":                 {"track: false", [2]string{}, nil, nil, ""},
		"true":                  {"track: true", [2]string{}, nil, &usual, "track: true\n"},
		"an empty mapping":      {"track: {}", [2]string{}, nil, &usual, "track: true\n"},
		"a zero of its own":     {"track: {coast: 0}", [2]string{}, nil, &never, "      coast: 0\n"},
		"keys":                  {"track: {max_lost: 2.5}", [2]string{}, nil, lost(2500 * time.Millisecond), "      max_lost: 2.5\n"},
		"keys over true":        {"track: true", [2]string{}, []string{"models.m.track.max_lost=3"}, lost(3 * time.Second), ""},
		"keys over false":       {"track: false", [2]string{}, []string{"models.m.track.max_lost=3"}, lost(3 * time.Second), ""},
		"true over keys":        {"track: {max_lost: 2.5}", [2]string{}, []string{"models.m.track=true"}, lost(2500 * time.Millisecond), ""},
		"false over keys":       {"track: {max_lost: 2.5}", [2]string{}, []string{"models.m.track=false"}, nil, ""},
		"a mapping over false":  {"track: false", [2]string{}, []string{"models.m.track={max_lost: 3}"}, lost(3 * time.Second), ""},
		"the environment":       {"track: {max_lost: 2.5}", [2]string{"TRACK", "false"}, nil, nil, ""},
		"a key in it":           {"", [2]string{"TRACK_MAX_LOST", "3"}, nil, lost(3 * time.Second), ""},
		"--set over it":         {"", [2]string{"TRACK", "false"}, []string{"models.m.track=true"}, &usual, ""},
		"the last of two --set": {"", [2]string{}, []string{"models.m.track=true", "models.m.track=false"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			workingFolder(t, t.Chdir)
			if c.env[0] != "" {
				t.Setenv("CORALLITE_MODELS_M_"+c.env[0], c.env[1])
			}
			cfg := mustLoad(t, strings.Replace(small, "threads: 2", "threads: 2, "+c.yaml, 1), c.set...)
			got := cfg.Models["m"].Track
			if (got == nil) != (c.want == nil) || got != nil && !reflect.DeepEqual(got, c.want) {
				t.Fatalf("%+v, want %+v", got, c.want)
			}
			shown, err := Show(cfg, false)
			if err != nil || !strings.Contains(string(shown), c.show) || got == nil && strings.Contains(string(shown), "track") {
				t.Fatalf("%v\n%s", err, shown)
			}
			t.Setenv("CORALLITE_MODELS_M_"+c.env[0], "")
			again := mustLoad(t, string(shown)).Models["m"].Track
			if (again == nil) != (got == nil) || got != nil && !reflect.DeepEqual(again, got) {
				t.Errorf("shown and read again: %+v, want %+v", again, got)
			}
		})
	}
}

func TestBadSwitch(t *testing.T) {
	workingFolder(t, t.Chdir)
	expects := "expected true, false, or a mapping with the keys " + strings.Join(root().Child("models").Child("track").ChildNames(), ", ")
	for arg, want := range map[string]string{
		"models.m.track=maybe":           `models.m.track: ` + expects + `, not the string "maybe"`,
		"models.m.track=1":               `models.m.track: ` + expects + `, not the number 1`,
		"models.m.track={max_lots: 3}":   `models.m.track.max_lots: unknown key; did you mean "max_lost"?`,
		"models.m.track.max_lost=-1":     `models.m.track.max_lost: -1 is not a possible value: expected a number above 0, at most 3600`,
		"models.m.track.max_lost.x=1":    `models.m.track.max_lost: has no keys of its own: expected a number above 0, at most 3600`,
		"models.m.keypoint_threshold=.1": `models.m.keypoint_threshold: only applies to task: pose`,
		"models.m.refractory=1":          `models.m.refractory: only applies to task: keyword or wakeword`,
	} {
		_, err := load(t, small, arg)
		wantProblems(t, err, "--set "+arg+": "+want)
	}
	t.Setenv("CORALLITE_MODELS_M_TRACK", "{max_lost: 3}")
	_, err := load(t, small)
	wantProblems(t, err, "environment variable CORALLITE_MODELS_M_TRACK: models.m.track: expected true or false, not a mapping")
	t.Setenv("CORALLITE_MODELS_M_TRACK", "")
	for yaml, want := range map[string]string{
		"task: classify, track: {}":   "c.yaml:3: models.m.track: only applies to task: detect",
		"task: classify, track: true": "c.yaml:3: models.m.track: only applies to task: detect",
		"task: keyword, width: 3, height: 3": "c.yaml:3: models.m.width: only applies to task: classify, detect, embed, pose or segment\n" +
			"c.yaml:3: models.m.height: only applies to task: classify, detect, embed, pose or segment\n" +
			"c.yaml:7: pipelines.door.models[0]: m takes sound (task keyword), but the source is pictures: use microphone or sound",
	} {
		_, err := load(t, strings.Replace(small, "task: detect", yaml, 1))
		wantProblems(t, err, strings.Split(want, "\n")...)
	}
}
