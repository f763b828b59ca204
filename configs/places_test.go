package configs

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/parts"
	"corallite/internal/sink"
	"corallite/internal/zone"
)

// TestMasksWithNames reads masks as Frigate has them since 0.18.
func TestMasksWithNames(t *testing.T) {
	workingFolder(t, t.Chdir)
	text := strings.Replace(placesText, `masks: ["0,0,0.2,0,0.2,0.1,0,0.1", [[0.8, 0], [1, 0], [1, 0.1]]]`,
		`masks: {sky: {friendly_name: The sky, coordinates: "0,0,0.2,0,0.2,0.1,0,0.1"}, old: {enabled: false, coordinates: "0,0,1,0,1,1"}, tree: {enabled: true, coordinates: [[0.8, 0], [1, 0], [1, 0.1]]}}`, 1)
	text = strings.Replace(text, "objects: [person, Hot Dog]", "objects: [person, food], speed_threshold: 30 km/h, filters: {person: {min_area: 0.01}}", 1)
	cfg := mustLoad(t, text)
	places := cfg.Pipelines["door"].Places
	want := []zone.Shape{shapeOf(t, "0,0,0.2,0,0.2,0.1,0,0.1"), shapeOf(t, "0.8,0,1,0,1,0.1")}
	if !reflect.DeepEqual(places.Masks, want) {
		t.Errorf("%+v, want %+v", places.Masks, want)
	}
	if z := places.Zones[1]; z.MinSpeed != "30 km/h" || !reflect.DeepEqual(z.Filters, []zone.Filter{{Label: "person", MinArea: 0.01}}) {
		t.Errorf("%+v", z)
	}
	shown, err := Show(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	if again := mustLoad(t, string(shown)); !reflect.DeepEqual(again.Pipelines["door"].Places, places) {
		t.Errorf("shown as\n%s\nit is %+v", shown, again.Pipelines["door"].Places)
	}
}

const placesText = `
models:
  m: {path: m.tflite, task: detect, labels: [person, car, truck, traffic light, Hot Dog], track: true}
pipelines:
  door:
    source: {video: clip.mp4}
    models: m
    zones:
      Front door: {coordinates: "0.1,0.4,0.5,0.4,0.5,0.9"}
      pairs: {coordinates: [[0, 0], [640, 0], [640, 480], [0, 480]], inside: any, inertia: 1, loitering_time: 2.5, objects: [person, Hot Dog], distances: [4, 20, 4, 20]}
      strings: {coordinates: ["0.1,0.4", "0.5,0.4", "0.5,0.9"]}
      numbers: {coordinates: [0.1, 0.4, 0.5, 0.4, 0.5, 0.9]}
    lines:
      gate: {coordinates: "0.5,0.2,0.5,0.9", a_to_b: out, margin: 0.3, anchor: center}
    masks: ["0,0,0.2,0,0.2,0.1,0,0.1", [[0.8, 0], [1, 0], [1, 0.1]]]
    filters:
      traffic light: {min_area: 100, max_area: 10000, min_ratio: 0.2, max_ratio: 2, threshold: 0.7, masks: "0,0,0.2,0,0.2,0.1"}
    labels: {truck: car, Hot Dog: food}
    sinks: [jsonl: {path: X.jsonl, when: change, min_interval: 2, gone_after: 4.5}]
`

func shapeOf(t *testing.T, text string) zone.Shape {
	t.Helper()
	s, err := zone.ParseShape(text, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlaces(t *testing.T) {
	workingFolder(t, t.Chdir)
	text := strings.Replace(placesText, "objects: [person, Hot Dog]", "objects: [person, food]", 1)
	cfg := mustLoad(t, text)
	corner := shapeOf(t, "0.1,0.4,0.5,0.4,0.5,0.9")
	small := shapeOf(t, "0,0,0.2,0,0.2,0.1")
	want := zone.Config{
		Options: zone.Options{
			Zones: []zone.Zone{
				{Name: "Front door", Shape: corner, Inside: zone.Bottom, Inertia: 3},
				{Name: "pairs", Shape: shapeOf(t, "0,0,640,0,640,480,0,480"), Inside: zone.Any, Inertia: 1, Loitering: 2500 * time.Millisecond,
					Objects: []string{"person", "food"}, Distances: []float64{4, 20, 4, 20}},
				{Name: "strings", Shape: corner, Inside: zone.Bottom, Inertia: 3}, {Name: "numbers", Shape: corner, Inside: zone.Bottom, Inertia: 3},
			},
			Lines: []zone.Line{{Name: "gate", Shape: shapeOf(t, "0.5,0.2,0.5,0.9"), Anchor: zone.Center, Margin: 0.3, AToB: "out", BToA: "b_to_a"}},
		},
		Selection: zone.Selection{
			Merge:   map[string]string{"truck": "car", "Hot Dog": "food"},
			Masks:   []zone.Shape{shapeOf(t, "0,0,0.2,0,0.2,0.1,0,0.1"), shapeOf(t, "0.8,0,1,0,1,0.1")},
			Filters: []zone.Filter{{Label: "traffic light", MinArea: 100, MaxArea: 10000, MinRatio: 0.2, MaxRatio: 2, Threshold: 0.7, Masks: []zone.Shape{small}}},
		},
	}
	if got := cfg.Pipelines["door"].Places; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nnot\n%+v", got, want)
	}
	if got := cfg.Pipelines["door"].Sinks[0].(*sink.JSONLConfig).Options; got != (life.Options{When: life.Change, MinInterval: 2 * time.Second, GoneAfter: 4500 * time.Millisecond}) {
		t.Errorf("%+v", got)
	}
	shown, err := Show(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	again := mustLoad(t, string(shown))
	if got := again.Pipelines["door"].Places; !reflect.DeepEqual(got, want) {
		t.Errorf("shown as\n%s\nit is %+v", shown, got)
	}
	// A label that became another one is no label any more, here and in sinks.
	_, err = load(t, placesText)
	if err == nil || !strings.Contains(err.Error(), `pipelines.door.zones.pairs.objects: "Hot Dog" becomes "food" by labels`) {
		t.Errorf("%v", err)
	}
}

func TestPlacesInOtherLayers(t *testing.T) {
	workingFolder(t, t.Chdir)
	text := `
models:
  m: {path: m.tflite, task: detect, labels: [person], track: true}
pipelines:
  door: {source: {video: clip.mp4}, models: m, sinks: [table: {}], zones: {a: {coordinates: "0,0,1,0,1,1"}}}
`
	t.Setenv("CORALLITE_PIPELINES_DOOR_MASKS", "0,0,1,0,1,1")
	cfg := mustLoad(t, text, `pipelines.door.zones={B b: {coordinates: "0,0,1,0,1,0.5", inertia: 1}}`)
	p := cfg.Pipelines["door"].Places
	if len(p.Zones) != 1 || p.Zones[0].Name != "B b" || p.Zones[0].Inertia != 1 || len(p.Masks) != 1 || p.Masks[0].String() != "0,0,1,0,1,1" {
		t.Errorf("%+v", p)
	}
}

// TestEverySinkHasLives expects the keys of lives in all sinks.
func TestEverySinkHasLives(t *testing.T) {
	for _, k := range root().Child("pipelines").Child("sinks").Keys {
		for _, name := range []string{"when", "min_interval", "gone_after"} {
			if k.Child(name) == nil {
				t.Errorf("%s has no %s: embed life.Options", k.Name, name)
			}
		}
	}
	for _, make := range parts.All().Sinks {
		if _, ok := make().(part.Lived); !ok {
			t.Errorf("%T is not told by the lives of objects", make())
		}
	}
}

// TestMergedPlaces: zones that a pipeline takes over from another with a merge key count like its own.
func TestMergedPlaces(t *testing.T) {
	workingFolder(t, t.Chdir)
	text := strings.Replace(placesText, "zones:\n", "zones: &zones\n", 1) + `  yard:
    source: {video: clip.mp4}
    models: m
    zones:
      <<: *zones
      yard: {coordinates: "0,0,0.2,0,0.2,0.1"}
    labels: {Hot Dog: food}
    sinks: [table: {}]
`
	text = strings.Replace(text, "objects: [person, Hot Dog]", "objects: [person, food]", 1)
	var names []string
	for _, z := range mustLoad(t, text).Pipelines["yard"].Places.Zones {
		names = append(names, z.Name)
	}
	if got := strings.Join(names, ", "); got != "yard, Front door, pairs, strings, numbers" {
		t.Errorf("zones %s", got)
	}
}
