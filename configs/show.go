package configs

import (
	"bytes"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/redact"
)

// Show writes a configuration as the YAML of one file: merged, with defaults filled in and files as they were found.
// Read again in the same working directory, on a machine with the same catalog, it is the same configuration. What the
// program chooses by itself (threads: 0) and what the model says stays open. Without secrets, what whoever knows it could
// use is not shown, the addresses of webhooks beyond their host, and is refused when it is read again.
func Show(c *Config, secrets bool) ([]byte, error) {
	shown := shownConfig{Config: c, Pipelines: map[string]shownPipeline{}}
	for name, p := range c.Pipelines {
		shown.Pipelines[name] = shownPipeline{p, secrets}
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(shown); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// MarshalYAML leaves out what is not given and has no default. The order is that of the table of keys.
func (m Model) MarshalYAML() (any, error) {
	var labels any
	switch {
	case m.LabelsFile != "":
		labels = m.LabelsFile
	case len(m.Labels) > 0:
		labels = flow(m.Labels)
	}
	return struct {
		Path              string    `yaml:"path"`
		EdgeTPU           string    `yaml:"edgetpu,omitempty"`
		Segments          flow      `yaml:"segments,omitempty"`
		Labels            any       `yaml:"labels,omitempty"`
		Task              string    `yaml:"task"`
		Delegate          Delegates `yaml:"delegate"`
		Device            string    `yaml:"device"`
		Isolate           *bool     `yaml:"isolate,omitempty"`
		Deadline          float64   `yaml:"deadline,omitempty"`
		Threads           int       `yaml:"threads"`
		Engines           int       `yaml:"engines"`
		Activation        string    `yaml:"activation,omitempty"`
		Sensitivity       float64   `yaml:"sensitivity,omitempty"`
		ScoreThreshold    float64   `yaml:"score_threshold"`
		MaxResults        int       `yaml:"max_results"`
		CategoryAllowlist flow      `yaml:"category_allowlist,omitempty"`
		CategoryDenylist  flow      `yaml:"category_denylist,omitempty"`
		LabelOffset       *int      `yaml:"label_offset,omitempty"`
		Width             int       `yaml:"width,omitempty"`
		Height            int       `yaml:"height,omitempty"`
		Resize            string    `yaml:"resize,omitempty"`
		Mean              flowNums  `yaml:"mean,omitempty"`
		Std               flowNums  `yaml:"std,omitempty"`
		Decoder           string    `yaml:"decoder,omitempty"`
		Output            string    `yaml:"output,omitempty"`
		Signature         string    `yaml:"signature,omitempty"`
		NMSThreshold      float64   `yaml:"nms_threshold,omitempty"`
		Track             bool      `yaml:"track,omitempty"`
		KeypointThreshold float64   `yaml:"keypoint_threshold,omitempty"`
		MinShare          float64   `yaml:"min_share,omitempty"`
		Gallery           string    `yaml:"gallery,omitempty"`
		Vector            *bool     `yaml:"vector,omitempty"`

		Manifest       string             `yaml:"manifest,omitempty"`
		Melspectrogram string             `yaml:"melspectrogram,omitempty"`
		Embedding      string             `yaml:"embedding,omitempty"`
		Features       Features           `yaml:"features,omitempty"`
		Step           float64            `yaml:"step,omitempty"`
		Smoothing      float64            `yaml:"smoothing,omitempty"`
		Refractory     *float64           `yaml:"refractory,omitempty"`
		Thresholds     map[string]float64 `yaml:"thresholds,flow,omitempty"`
		Patience       int                `yaml:"patience,omitempty"`
	}{
		m.Path, m.EdgeTPU, m.Segments, labels, m.Task, m.Delegate, m.Device, m.Isolate, m.Deadline, m.Threads, m.Engines, m.Activation, m.Sensitivity, m.ScoreThreshold, m.MaxResults,
		m.CategoryAllowlist, m.CategoryDenylist, m.LabelOffset, m.Width, m.Height, m.Resize, m.Mean, m.Std, m.Decoder, m.Output, m.Signature, m.NMSThreshold,
		m.Track, m.KeypointThreshold, m.MinShare, m.Gallery, m.Vector,
		m.Manifest, m.Melspectrogram, m.Embedding, m.Features, m.Step, m.Smoothing, m.Refractory, m.Thresholds, m.Patience,
	}, nil
}

// shownConfig is a configuration as Show writes it.
type shownConfig struct {
	*Config
	Pipelines map[string]shownPipeline
}

func (c shownConfig) MarshalYAML() (any, error) {
	return struct {
		Models    map[string]Model         `yaml:"models"`
		Pipelines map[string]shownPipeline `yaml:"pipelines"`
		EdgeTPU   EdgeTPU                  `yaml:"edgetpu"`
		Log       Log                      `yaml:"log"`
	}{c.Models, c.Pipelines, c.EdgeTPU, c.Log}, nil
}

// shownPipeline is a pipeline as Show writes it.
type shownPipeline struct {
	Pipeline
	secrets bool
}

// MarshalYAML gives the sinks as maps of one key, their kind.
func (p shownPipeline) MarshalYAML() (any, error) {
	sinks := &yaml.Node{Kind: yaml.SequenceNode}
	for _, sink := range p.Sinks {
		node, err := mapping(sink.Keys(), p.secrets)
		if err != nil {
			return nil, err
		}
		sinks.Content = append(sinks.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word(sink.About().Kind), node}})
	}
	source, err := mapping(p.Source.Keys(), p.secrets)
	if err != nil {
		return nil, err
	}
	type plain Pipeline
	return struct {
		Source *yaml.Node `yaml:"source"`
		plain  `yaml:",inline"`
		Sinks  *yaml.Node `yaml:"sinks"`
	}{source, plain(p.Pipeline), sinks}, nil
}

// mapping shows the values of keys, in the order of their table: of those that have no default, what is not zero. Of secret addresses
// only the host is shown, unless secrets are asked for.
func mapping(keys key.Table, secrets bool) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range keys {
		if !f.IsShown() {
			continue
		}
		value, shown := &yaml.Node{}, f.Value()
		if address, isText := shown.(string); isText && f.Key().Secret && !secrets {
			shown = redact.HostOnly(address)
		}
		if err := value.Encode(shown); err != nil {
			return nil, err
		}
		switch f.Key().Kind {
		case key.KindStringListMap:
			for i := 1; i < len(value.Content); i += 2 {
				value.Content[i].Style = yaml.FlowStyle
			}
		case key.KindStringList, key.KindNumberList, key.KindFloatMap:
			value.Style = yaml.FlowStyle
		}
		out.Content = append(out.Content, word(f.Key().Name), value)
	}
	return out, nil
}

func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// MarshalYAML leaves out what is left to the system and to the library.
func (e EdgeTPU) MarshalYAML() (any, error) {
	return struct {
		Library     string `yaml:"library,omitempty"`
		Performance string `yaml:"performance,omitempty"`
		Heat        string `yaml:"heat"`
	}{e.Library, e.Performance, e.Heat}, nil
}

// flow is a list that YAML shows in one line; flowNums is one of numbers.
type (
	flow     []string
	flowNums []float64
)

func (f flow) MarshalYAML() (any, error)     { return inLine([]string(f)) }
func (f flowNums) MarshalYAML() (any, error) { return inLine([]float64(f)) }

func inLine(list any) (any, error) {
	var n yaml.Node
	if err := n.Encode(list); err != nil {
		return nil, err
	}
	n.Style = yaml.FlowStyle
	return &n, nil
}
