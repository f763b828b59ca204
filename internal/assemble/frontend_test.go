package assemble

import (
	"strings"
	"testing"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/audio/keyword"
	"corallite/internal/schema"
	"corallite/internal/testdata"
)

// TestFrontEnd: the configuration is asked first, then the metadata, then the graph, and what nobody says is an error.
func TestFrontEnd(t *testing.T) {
	yamnet, micro := "yamnet_audio_classifier_with_metadata", "micro_speech_quantized"
	models := map[string]*delegate.Model{}
	for _, name := range []string{yamnet, micro} {
		m, err := delegate.Read(delegate.Files{CPU: testdata.Path(t, "wild/"+name+".tflite")})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		models[name] = m
	}
	says := func(a schema.Audio) *delegate.Description {
		return &delegate.Description{Metadata: &schema.Description{Inputs: []schema.TensorDescription{{Audio: &a}}}}
	}
	for name, c := range map[string]struct {
		model    string
		about    *delegate.Description
		features configs.Features
		kind     keyword.Features
		rate     int
		err      string
	}{
		"metadata":                 {yamnet, says(schema.Audio{Rate: 44100, Channels: 1}), configs.Features{}, keyword.Waveform, 44100, ""},
		"the rate over metadata":   {yamnet, says(schema.Audio{Rate: 44100, Channels: 1}), configs.Features{Rate: 8000}, keyword.Waveform, 8000, ""},
		"the kind over metadata":   {micro, says(schema.Audio{Rate: 44100}), configs.Features{Kind: "micro"}, keyword.Micro, 0, ""},
		"the graph and a rate":     {yamnet, nil, configs.Features{Rate: 16000}, keyword.Waveform, 16000, ""},
		"coral":                    {yamnet, nil, configs.Features{Kind: "coral"}, keyword.LogMel, 0, ""},
		"the graph without a rate": {yamnet, nil, configs.Features{}, "", 0, "their rate is unknown: write features: {kind: waveform, rate: 16000} in YAML, or --features waveform --features-rate 16000 on the command line"},
		"metadata without a rate":  {yamnet, says(schema.Audio{Channels: 1}), configs.Features{}, "", 0, "their rate is unknown"},
		"metadata of two channels": {yamnet, says(schema.Audio{Rate: 16000, Channels: 2}), configs.Features{}, "", 0, "describe an input of 2 audio channels (want one)"},
		"an impossible rate":       {yamnet, says(schema.Audio{Rate: 3, Channels: 1}), configs.Features{}, "", 0, "its metadata give 3 samples per second (want an integer from 1000 to 192000)"},
		"a shape alone":            {micro, nil, configs.Features{Rate: 16000}, "", 0, "does not describe its input features (Reshape_1 int8[1,1960]"},
		"another rate for micro":   {micro, nil, configs.Features{Kind: "micro", Rate: 8000}, "", 0, "kind micro always has 16000 samples per second and windows of 30 ms"},
	} {
		var o keyword.Options
		err := frontEnd(&o, c.features, models[c.model], c.about)
		switch {
		case c.err == "" && (err != nil || o.Features != c.kind || o.Rate != c.rate):
			t.Errorf("%s: %v at %d, %v", name, o.Features, o.Rate, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
	}
}
