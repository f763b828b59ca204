package deepstack

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"corallite/internal/serve/hub"
	"corallite/pipeline"
)

// Options are the models behind the addresses; nil: the address answers with status 403.
type Options struct {
	Detection *hub.Model // for detect
	Scene     *hub.Model // for classify
	Face      *hub.Model // for detect, of faces
	Faces     *Faces     // known faces
}

// Prediction is one object, or one face.
type Prediction struct {
	UserID     string  `json:"userid,omitempty"` // of face/recognize: "unknown" when nobody is similar enough
	Label      string  `json:"label,omitempty"`
	Confidence float64 `json:"confidence"` // 0 to 1
	XMin       int     `json:"x_min"`
	YMin       int     `json:"y_min"`
	XMax       int     `json:"x_max"`
	YMax       int     `json:"y_max"`
}

// answer is what all answers have, for clients of both servers.
type answer struct {
	Success  bool   `json:"success"`
	Code     int    `json:"code"`
	Message  string `json:"message,omitempty"`
	Error    string `json:"error,omitempty"`
	ModuleID string `json:"moduleId"`
	Command  string `json:"command,omitempty"`

	// In milliseconds: the model, the picture with the model, all.
	Inference int64 `json:"inferenceMs"`
	Process   int64 `json:"processMs"`
	RoundTrip int64 `json:"analysisRoundTripMs"`
	Duration  int64 `json:"duration"`
}

type found struct {
	answer
	Count       int          `json:"count"`
	Predictions []Prediction `json:"predictions"`
}

const moduleID = "Corallite"

func shape(e *hub.Error) any {
	return answer{Code: e.Status, Error: e.Error(), Message: e.Error(), ModuleID: moduleID}
}

// done is an answer after a run.
func done(j *hub.Job, command string, took time.Duration) answer {
	all := j.Elapsed().Milliseconds()
	return answer{
		Success: true, Code: http.StatusOK, ModuleID: moduleID, Command: command,
		Inference: took.Milliseconds(), Process: all, RoundTrip: all, Duration: all,
	}
}

type server struct {
	h *hub.Hub
	a hub.Access
	o Options
}

// Routes are the addresses of the protocol. A request may show the token in the form, as api_key or admin_key.
func Routes(h *hub.Hub, a hub.Access, o Options) []hub.Route {
	s := &server{h, a, o}
	var routes []hub.Route
	add := func(path string, do func(j *hub.Job, f hub.Form, r *http.Request) (any, error)) {
		route := hub.Route{Methods: []string{http.MethodPost}, LateKey: true, Handler: h.Handle(shape, s.form(do))}
		for _, end := range []string{"", "/"} { // DeepStack takes both
			if route.Pattern = "/v1/vision/" + path + end; end != "" {
				route.Pattern += "{$}"
			}
			routes = append(routes, route)
		}
	}
	add("detection", s.detection)
	add("custom/list", s.list)
	add("custom/{model}", s.custom)
	add("scene", s.scene)
	add("face", s.face)
	add("face/register", s.register)
	add("face/recognize", s.recognize)
	add("face/match", s.match)
	add("face/list", s.faces)
	add("face/delete", s.remove)
	return routes
}

// form reads the form and looks at the token before anything else is done.
func (s *server) form(do func(j *hub.Job, f hub.Form, r *http.Request) (any, error)) func(*hub.Job, http.ResponseWriter, *http.Request) error {
	return func(j *hub.Job, w http.ResponseWriter, r *http.Request) error {
		f, err := j.Form(r)
		if err != nil {
			return err
		}
		if !s.a.Allowed(r) && !s.a.IsToken(f.Values["api_key"]) && !s.a.IsToken(f.Values["admin_key"]) {
			return hub.Fault(http.StatusUnauthorized, "the API key is missing or wrong: send the server's token as api_key")
		}
		reply, err := do(j, f, r)
		if err != nil {
			return err
		}
		hub.SendJSON(w, http.StatusOK, reply)
		return nil
	}
}

func (s *server) detection(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	return s.detect(j, f, s.o.Detection, "detection", "detect")
}

func (s *server) custom(j *hub.Job, f hub.Form, r *http.Request) (any, error) {
	m, err := s.h.For("detect", r.PathValue("model"))
	if err != nil {
		return nil, err
	}
	return s.detect(j, f, m, "custom", "custom")
}

// off is an address whose model is missing.
func off(path, task string) error {
	return hub.Fault(http.StatusForbidden, "/v1/vision/%s is off: the configuration has no model for %s", path, task)
}

// detect runs a detector.
func (s *server) detect(j *hub.Job, f hub.Form, m *hub.Model, path, command string) (any, error) {
	if m == nil {
		return nil, off(path, "detect")
	}
	e, _, err := s.run(j, f, m)
	if err != nil {
		return nil, err
	}
	all := predictions(e.Detections)
	a := found{done(j, command, e.Latency.Invoke), len(all), all}
	a.Message = fmt.Sprintf("%d found", len(all))
	return a, nil
}

// run runs a model on the form's picture.
func (s *server) run(j *hub.Job, f hub.Form, m *hub.Model) (e pipeline.Event, data []byte, err error) {
	least, err := confidence(f)
	if err != nil {
		return e, nil, err
	}
	if data, err = image(f); err != nil {
		return e, nil, err
	}
	p, err := j.Picture(data, m)
	if err != nil {
		return e, nil, err
	}
	e, err = j.Run(m, p, hub.Want{Threshold: least})
	return e, data, err
}

// image is the form's picture.
func image(f hub.Form) ([]byte, error) {
	file, ok := f.File("image")
	if !ok {
		return nil, hub.Bad("no picture was sent: it belongs in the field image, as a file")
	}
	return file.Data, nil
}

// confidence is the form's minimum score; nil: it has none.
func confidence(f hub.Form) (*float64, error) {
	text := f.Values["min_confidence"]
	if text == "" {
		return nil, nil
	}
	t, err := strconv.ParseFloat(text, 64)
	if err != nil || !(t >= 0 && t <= 1) {
		return nil, hub.Bad("min_confidence %q: want a number from 0 to 1", text)
	}
	return &t, nil
}

// predictions are detections, the best first.
func predictions(all []pipeline.Detection) []Prediction {
	out := make([]Prediction, len(all))
	for i, d := range all {
		label := d.Label
		if label == "" {
			label = strconv.Itoa(d.Index)
		}
		out[i] = boxed(d)
		out[i].Label = label
	}
	slices.SortStableFunc(out, func(a, b Prediction) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

// boxed is a detection's score and box.
func boxed(d pipeline.Detection) Prediction {
	at := func(i int) int { return int(math.Round(float64(d.Box[i]))) }
	return Prediction{Confidence: score(d.Score), XMin: at(0), YMin: at(1), XMax: at(2), YMax: at(3)}
}

// score is a score with the decimals that it has as a float32.
func score(s float32) float64 { return math.Round(float64(s)*1e6) / 1e6 }

func (s *server) list(j *hub.Job, _ hub.Form, _ *http.Request) (any, error) {
	names := []string{}
	for _, m := range s.h.Models() {
		if m.Task == "detect" {
			names = append(names, m.Name)
		}
	}
	return struct {
		answer
		Models []string `json:"models"`
		Count  int      `json:"count"`
	}{done(j, "list-custom", 0), names, len(names)}, nil
}

func (s *server) scene(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	m := s.o.Scene
	if m == nil {
		return nil, off("scene", "classify")
	}
	data, err := image(f)
	if err != nil {
		return nil, err
	}
	p, err := j.Picture(data, m)
	if err != nil {
		return nil, err
	}
	zero, one := 0.0, 1
	e, err := j.Run(m, p, hub.Want{Threshold: &zero, Max: &one})
	if err != nil {
		return nil, err
	}
	if len(e.Classes) == 0 {
		return nil, hub.Fault(http.StatusInternalServerError, "model %s has no class for the picture", m.Name)
	}
	best := e.Classes[0]
	return struct {
		answer
		Label      string  `json:"label"`
		Confidence float64 `json:"confidence"`
	}{done(j, "detectScene", e.Latency.Invoke), cmp.Or(best.Label, strconv.Itoa(best.Index)), score(best.Score)}, nil
}
