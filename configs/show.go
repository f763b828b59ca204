package configs

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// Show writes a configuration as the YAML of one file: merged, with defaults filled in and files as they were found.
// Read again in the same working directory, on a machine with the same catalog, it is the same configuration. What the
// program chooses by itself (threads: 0) and what the model says stays open. Without secrets, what whoever knows it could
// use is not shown, the addresses of webhooks beyond their host, and is refused when it is read again.
func Show(c *Config, secrets bool) ([]byte, error) {
	if !secrets {
		c = c.withoutSecrets()
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(c); err != nil {
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
		Path              string   `yaml:"path"`
		EdgeTPU           string   `yaml:"edgetpu,omitempty"`
		Segments          flow     `yaml:"segments,omitempty"`
		Labels            any      `yaml:"labels,omitempty"`
		Task              string   `yaml:"task"`
		Delegate          string   `yaml:"delegate"`
		Device            string   `yaml:"device"`
		Isolate           *bool    `yaml:"isolate,omitempty"`
		Deadline          float64  `yaml:"deadline,omitempty"`
		Threads           int      `yaml:"threads"`
		Engines           int      `yaml:"engines"`
		Activation        string   `yaml:"activation,omitempty"`
		Sensitivity       float64  `yaml:"sensitivity,omitempty"`
		ScoreThreshold    float64  `yaml:"score_threshold"`
		MaxResults        int      `yaml:"max_results"`
		CategoryAllowlist flow     `yaml:"category_allowlist,omitempty"`
		CategoryDenylist  flow     `yaml:"category_denylist,omitempty"`
		LabelOffset       *int     `yaml:"label_offset,omitempty"`
		Width             int      `yaml:"width,omitempty"`
		Height            int      `yaml:"height,omitempty"`
		Resize            string   `yaml:"resize,omitempty"`
		Mean              flowNums `yaml:"mean,omitempty"`
		Std               flowNums `yaml:"std,omitempty"`
		NMSThreshold      float64  `yaml:"nms_threshold,omitempty"`
		Anchors           string   `yaml:"anchors,omitempty"`
		Head              string   `yaml:"head,omitempty"`
		HeadPixels        bool     `yaml:"head_pixels,omitempty"`
		Track             bool     `yaml:"track,omitempty"`
		KeypointThreshold float64  `yaml:"keypoint_threshold,omitempty"`
		MinShare          float64  `yaml:"min_share,omitempty"`
		Gallery           string   `yaml:"gallery,omitempty"`
		Vector            *bool    `yaml:"vector,omitempty"`

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
		m.CategoryAllowlist, m.CategoryDenylist, m.LabelOffset, m.Width, m.Height, m.Resize, m.Mean, m.Std, m.NMSThreshold, m.Anchors,
		m.Head, m.HeadPixels, m.Track, m.KeypointThreshold, m.MinShare, m.Gallery, m.Vector,
		m.Manifest, m.Melspectrogram, m.Embedding, m.Features, m.Step, m.Smoothing, m.Refractory, m.Thresholds, m.Patience,
	}, nil
}

// MarshalYAML gives a map of one key, the sink's kind.
func (s Sink) MarshalYAML() (any, error) {
	options := struct {
		Path   string `yaml:"path,omitempty"`
		Dir    string `yaml:"dir,omitempty"`
		Append *bool  `yaml:"append,omitempty"`
		Queue  int    `yaml:"queue"`

		Overwrite bool `yaml:"overwrite,omitempty"`

		Listen     string  `yaml:"listen,omitempty"`
		TokenEnv   string  `yaml:"token_env,omitempty"`
		Cert       string  `yaml:"cert,omitempty"`
		Key        string  `yaml:"key,omitempty"`
		MaxViewers int     `yaml:"max_viewers,omitempty"`
		Width      int     `yaml:"width,omitempty"`
		FPS        float64 `yaml:"fps,omitempty"`
		Quality    int     `yaml:"quality,omitempty"`
		Hide       flow    `yaml:"hide,omitempty"`

		On          Pairs   `yaml:"on,omitempty"`
		Env         flow    `yaml:"env,omitempty"`
		Parallel    int     `yaml:"parallel,omitempty"`
		MinInterval float64 `yaml:"min_interval,omitempty"`

		URL       string   `yaml:"url,omitempty"`
		Headers   Pairs    `yaml:"headers,omitempty"`
		TokenFile string   `yaml:"token_file,omitempty"`
		Empty     bool     `yaml:"empty,omitempty"`
		Timeout   float64  `yaml:"timeout,omitempty"`
		Retries   *int     `yaml:"retries,omitempty"`
		Flush     *float64 `yaml:"flush,omitempty"`
	}{
		Path: s.Path, Dir: s.Dir, Overwrite: s.Overwrite, Queue: s.Queue,
		Listen: s.Listen, TokenEnv: s.TokenEnv, Cert: s.Cert, Key: s.Key, MaxViewers: s.MaxViewers,
		Width: s.Width, FPS: s.FPS, Quality: s.Quality, Hide: s.Hide,
		On: s.On, Env: s.Env, Parallel: s.Parallel, MinInterval: s.MinInterval,
		URL: s.URL, Headers: s.Headers, TokenFile: s.TokenFile, Empty: s.Empty, Timeout: s.Timeout,
	}
	if s.Kind == SinkWebhook { // where 0 is not the default
		options.Retries, options.Flush = &s.Retries, &s.Flush
	}
	if s.Kind == SinkJSONL || s.Kind == SinkTable {
		options.Append = &s.Append
	}
	return map[string]any{s.Kind: options}, nil
}

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
