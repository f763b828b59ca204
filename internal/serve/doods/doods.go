package doods

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"corallite/internal/httpserver"
	"corallite/internal/serve/hub"
	"corallite/pipeline"
)

// Default is the name of the detector of requests that name none.
const Default = "default"

// Request is the body of /detect and /image.
type Request struct {
	ID       string             `json:"id"`
	Detector string             `json:"detector_name"`
	Data     string             `json:"data"`   // base64
	Detect   map[string]float64 `json:"detect"` // minimum confidence in percent by label; "*": those that are not named
	Regions  []Region           `json:"regions"`
	Image    string             `json:"image"` // jpeg or png: the drawn picture is wanted; "": it is not
	Process  []string           `json:"preprocess"`
}

// Region is a part of the picture with minimum confidences of its own. Its sides are 0 to 1 of the picture.
type Region struct {
	ID     string             `json:"id"`
	Top    float64            `json:"top"`
	Left   float64            `json:"left"`
	Bottom float64            `json:"bottom"`
	Right  float64            `json:"right"`
	Detect map[string]float64 `json:"detect"`
	Covers bool               `json:"covers"` // the whole object must lie in it; else any part
}

// Detection is one object. Its sides are 0 to 1 of the picture.
type Detection struct {
	Region     string  `json:"region_id,omitempty"`
	Top        float64 `json:"top"`
	Left       float64 `json:"left"`
	Bottom     float64 `json:"bottom"`
	Right      float64 `json:"right"`
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"` // percent
}

// Response is the answer of /detect, and of the WebSocket.
type Response struct {
	ID         string      `json:"id,omitempty"`
	Detections []Detection `json:"detections"`
	Image      []byte      `json:"image,omitempty"`
	Error      string      `json:"error,omitempty"`
}

// Detector is a detector of /detectors.
type Detector struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Model  string   `json:"model"`
	Labels []string `json:"labels"`
	Width  int      `json:"width"`
	Height int      `json:"height"`
}

func shape(e *hub.Error) any {
	return struct {
		Error string `json:"error"`
	}{e.Error()}
}

// Streamer begins endless answers.
type Streamer interface {
	Stream(w http.ResponseWriter, r *http.Request) *httpserver.Stream
}

type server struct {
	h        *hub.Hub
	fallback *hub.Model
	streams  Streamer
	sockets  chan struct{}
}

// Routes are the addresses of the protocol. m is the detector of requests that name none; nil: there is none.
func Routes(h *hub.Hub, m *hub.Model, streams Streamer) []hub.Route {
	s := &server{h, m, streams, make(chan struct{}, maxSockets)}
	key := func(r *http.Request) string { return r.Header.Get("doods-auth-key") }
	post := h.Handle(shape, s.detect)
	return []hub.Route{
		{Pattern: "/detectors", Methods: []string{http.MethodGet, http.MethodHead}, Handler: http.HandlerFunc(s.detectors), Key: key, Shape: shape},
		{Pattern: "/image", Methods: []string{http.MethodPost}, Handler: h.Handle(shape, s.image), Key: key, Shape: shape},
		{Pattern: "/detect", Methods: []string{http.MethodPost, http.MethodGet}, Key: key, Shape: shape, Handler: http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					s.socket(w, r)
					return
				}
				post.ServeHTTP(w, r)
			})},
	}
}

func (s *server) detectors(w http.ResponseWriter, _ *http.Request) {
	all := []Detector{}
	for _, m := range s.h.Models() {
		if m.Task == "detect" {
			all = append(all, describe(m.Name, m))
		}
	}
	if _, err := s.h.Model(Default); err != nil && s.fallback != nil {
		all = append(all, describe(Default, s.fallback))
	}
	hub.SendJSON(w, http.StatusOK, struct {
		Detectors []Detector `json:"detectors"`
	}{all})
}

func describe(name string, m *hub.Model) Detector {
	d := Detector{Name: name, Type: "tflite", Model: m.Name, Labels: m.Labels}
	if d.Labels == nil {
		d.Labels = []string{}
	}
	if len(m.Inputs) > 0 && len(m.Inputs[0].Shape) == 4 {
		d.Height, d.Width = m.Inputs[0].Shape[1], m.Inputs[0].Shape[2]
	}
	return d
}

// model is the model that a request names.
func (s *server) model(name string) (*hub.Model, error) {
	if name == "" || name == Default {
		if m, err := s.h.For("detect", Default); err == nil {
			return m, nil
		}
		if s.fallback != nil {
			return s.fallback, nil
		}
		return nil, hub.Bad("there is no detector")
	}
	return s.h.For("detect", name)
}

// parse reads a request.
func parse(body []byte) (q Request, data []byte, err error) {
	if err := json.Unmarshal(body, &q); err != nil {
		return q, nil, hub.BadJSON("the request", body, err)
	}
	switch {
	case q.Data == "":
		return q, nil, hub.Bad("data is missing: the picture as base64")
	case strings.HasPrefix(q.Data, "http://") || strings.HasPrefix(q.Data, "https://"):
		return q, nil, hub.Bad("data is an address: pictures are not fetched; send the picture as base64")
	case len(q.Process) > 0:
		return q, nil, hub.Bad("preprocess is not supported: how a picture becomes the model's input is the model's configuration")
	case q.Image != "" && q.Image != "jpeg" && q.Image != "png":
		return q, nil, hub.Bad("image: %q: want jpeg or png", q.Image)
	}
	text := q.Data
	if rest, ok := strings.CutPrefix(text, "data:"); ok {
		_, text, _ = strings.Cut(rest, ",")
	}
	data, err = base64.StdEncoding.DecodeString(text)
	if err != nil {
		return q, nil, hub.Bad("data is not base64: %v", err)
	}
	q.Data = ""
	return q, data, nil
}

// answer runs a request. The event has what the answer has, for drawing.
func (s *server) answer(j *hub.Job, q Request, data []byte, whole bool) (Response, hub.Picture, pipeline.Event, error) {
	var none pipeline.Event
	m, err := s.model(q.Detector)
	if err != nil {
		return Response{}, hub.Picture{}, none, err
	}
	if err := q.check(m); err != nil {
		return Response{}, hub.Picture{}, none, err
	}
	decode := func() (hub.Picture, error) { return j.Picture(data, m) }
	if whole {
		decode = func() (hub.Picture, error) { return j.PictureToDraw(data) }
	}
	p, err := decode()
	if err != nil {
		return Response{}, p, none, err
	}
	want := hub.Want{}
	if len(q.Detect)+len(q.Regions) > 0 {
		zero, all := 0.0, 0
		want = hub.Want{Threshold: &zero, Max: &all} // every label has its own
	}
	e, err := j.Run(m, p, want)
	if err != nil {
		return Response{}, p, e, err
	}
	r := Response{ID: q.ID, Detections: []Detection{}}
	kept := pipeline.Detections{}
	for _, d := range e.Detections {
		out := relative(d, p.Frame.Width(), p.Frame.Height())
		if region, ok := q.keeps(out); ok {
			out.Region = region
			r.Detections, kept = append(r.Detections, out), append(kept, d)
		}
	}
	e.Detections = kept
	return r, p, e, nil
}

func relative(d pipeline.Detection, width, height int) Detection {
	x, y := float64(max(width, 1)), float64(max(height, 1))
	return Detection{
		Left: float64(d.Box[0]) / x, Top: float64(d.Box[1]) / y, Right: float64(d.Box[2]) / x, Bottom: float64(d.Box[3]) / y,
		Label: d.Label, Confidence: 100 * float64(d.Score),
	}
}

// body reads a request's JSON.
func body(j *hub.Job, r *http.Request) (q Request, data []byte, err error) {
	text, err := j.Body(r)
	if err != nil {
		return q, nil, err
	}
	return parse(text)
}

func (s *server) detect(j *hub.Job, w http.ResponseWriter, r *http.Request) error {
	q, data, err := body(j, r)
	if err != nil {
		return err
	}
	reply, err := s.reply(j, q, data)
	if err != nil {
		return err
	}
	hub.SendJSON(w, http.StatusOK, reply)
	return nil
}

// reply is the answer with the drawn picture, if that is wanted.
func (s *server) reply(j *hub.Job, q Request, data []byte) (Response, error) {
	reply, p, e, err := s.answer(j, q, data, q.Image != "")
	if err != nil || q.Image == "" {
		return reply, err
	}
	reply.Image, err = drawn(p.Frame, e, q.Image)
	return reply, err
}

func (s *server) image(j *hub.Job, w http.ResponseWriter, r *http.Request) error {
	q, data, err := body(j, r)
	if err != nil {
		return err
	}
	if q.Image == "" {
		q.Image = "jpeg"
	}
	reply, err := s.reply(j, q, data)
	if err != nil {
		return err
	}
	hub.Send(w, http.StatusOK, "image/"+q.Image, reply.Image)
	return nil
}

// check refuses confidences and labels that mean nothing.
func (q *Request) check(m *hub.Model) error {
	maps := []map[string]float64{q.Detect}
	for _, r := range q.Regions {
		for _, side := range []float64{r.Top, r.Left, r.Bottom, r.Right} {
			if !(side >= 0 && side <= 1) {
				return hub.Bad("region %q: its sides are from 0 to 1 of the picture", r.ID)
			}
		}
		if r.Top >= r.Bottom || r.Left >= r.Right {
			return hub.Bad("region %q is empty", r.ID)
		}
		maps = append(maps, r.Detect)
	}
	for _, labels := range maps {
		for label, percent := range labels {
			if !(percent >= 0 && percent <= 100) {
				return hub.Bad("the confidence of %q is %v: want 0 to 100", label, percent)
			}
			if label == "*" {
				continue
			}
			if err := m.HasLabel(label); err != nil {
				return err
			}
		}
	}
	return nil
}

// keeps says whether a detection is wanted, and for which region ("": anywhere).
func (q *Request) keeps(d Detection) (region string, ok bool) {
	if len(q.Detect)+len(q.Regions) == 0 || enough(q.Detect, d) {
		return "", true
	}
	for _, r := range q.Regions {
		inside := d.Left < r.Right && d.Right > r.Left && d.Top < r.Bottom && d.Bottom > r.Top
		if r.Covers {
			inside = d.Left >= r.Left && d.Right <= r.Right && d.Top >= r.Top && d.Bottom <= r.Bottom
		}
		if inside && enough(r.Detect, d) {
			return r.ID, true
		}
	}
	return "", false
}

// enough says whether the confidence is that of the label, or of "*" for one that is not named.
func enough(least map[string]float64, d Detection) bool {
	percent, named := least[d.Label]
	if !named {
		percent, named = least["*"]
	}
	return named && d.Confidence >= percent
}

// asError is an error with its words for the WebSocket.
func asError(id string, err error) Response {
	var e *hub.Error
	if !errors.As(err, &e) {
		e = hub.AsError(err)
	}
	return Response{ID: id, Detections: []Detection{}, Error: e.Error()}
}
