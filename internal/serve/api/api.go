package api

import (
	_ "embed"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/httpserver"
	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

//go:embed openapi.json
var openAPI []byte

// Failure is the body of an error.
type Failure struct {
	Error string `json:"error"`
}

func shape(e *hub.Error) any { return Failure{e.Error()} }

// Streamer begins endless answers.
type Streamer interface {
	Stream(w http.ResponseWriter, r *http.Request) *httpserver.Stream
}

// Routes are the addresses of the protocol.
func Routes(h *hub.Hub, s Streamer) []hub.Route {
	post, get := []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead}
	routes := []hub.Route{
		{Pattern: "/v1/models", Methods: get, Shape: shape, Handler: serveModels(h)},
		{Pattern: "/v1/events", Methods: get, Shape: shape, Handler: serveEvents(h, s)},
		{Pattern: "/v1/openapi.json", Methods: get, Shape: shape, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			hub.Send(w, http.StatusOK, "application/json", openAPI)
		})},
	}
	for _, t := range vision.Tasks() {
		routes = append(routes, hub.Route{Pattern: "/v1/" + t.Name, Methods: post, Shape: shape, Handler: serveTask(h, t.Name)})
	}
	return append(routes, hub.Route{Pattern: "/v1/listen", Methods: post, Shape: shape, Handler: serveListen(h)})
}

// serveTask answers a picture with an event.
func serveTask(h *hub.Hub, task string) http.Handler {
	choose := func(name string) (*hub.Model, error) { return h.For(task, name) }
	return answer(h, "picture", "image", choose, func(j *hub.Job, m *hub.Model, data []byte, want hub.Want) (pipeline.Event, error) {
		p, err := j.Picture(data, m)
		if err != nil {
			return pipeline.Event{}, err
		}
		return j.Run(m, p, want)
	})
}

// serveListen answers a recording with an event.
func serveListen(h *hub.Hub) http.Handler {
	return answer(h, "recording", "sound", h.Listener, (*hub.Job).Listen)
}

// answer answers what is sent, in the body or in a field of a form, with the event of a model.
func answer(h *hub.Hub, what, field string, choose func(name string) (*hub.Model, error),
	run func(j *hub.Job, m *hub.Model, data []byte, want hub.Want) (pipeline.Event, error),
) http.Handler {
	return h.Handle(shape, func(j *hub.Job, w http.ResponseWriter, r *http.Request) error {
		// First, as a client that is still sending may not see an answer.
		data, name, err := sent(j, r, what, field)
		if err != nil {
			return err
		}
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return hub.Bad("the address cannot be read: %v", err)
		}
		m, err := choose(query.Get("model"))
		if err != nil {
			return err
		}
		want, err := wants(m, query)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return hub.Bad("the request has no %s: send it as the body, or as a file of a form", what)
		}
		if want.Source == "" {
			want.Source = name
		}
		e, err := run(j, m, data, want)
		if err != nil {
			return err
		}
		line, err := e.AppendJSON(nil)
		if err != nil {
			return err
		}
		hub.Send(w, http.StatusOK, "application/json", append(line, '\n'))
		return nil
	})
}

// options are the parameters of an address.
var options = []string{"model", "score_threshold", "max_results", "labels", "source", "token"}

// wants reads what the address says of the results.
func wants(m *hub.Model, q url.Values) (w hub.Want, err error) {
	for name := range q {
		if near := didyoumean.Suggest(name, options); !known(name) && near != "" {
			return w, hub.Bad("unknown parameter %q; did you mean %q?", name, near)
		} else if !known(name) {
			return w, hub.Bad("unknown parameter %q; possible ones: %s", name, strings.Join(options, ", "))
		}
	}
	if text := q.Get("score_threshold"); text != "" {
		t, err := strconv.ParseFloat(text, 64)
		if err != nil || !(t >= 0 && t <= 1) {
			return w, hub.Bad("score_threshold=%s: want a number from 0 to 1", text)
		}
		w.Threshold = &t
	}
	if text := q.Get("max_results"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return w, hub.Bad("max_results=%s: want a number from 0 (all) on", text)
		}
		w.Max = &n
	}
	if text := q.Get("labels"); text != "" {
		wanted := map[string]bool{}
		for label := range strings.SplitSeq(text, ",") {
			if err := m.HasLabel(label); err != nil {
				return w, err
			}
			wanted[label] = true
		}
		w.Keep = func(label string) bool { return wanted[label] }
	}
	w.Source = q.Get("source")
	return w, nil
}

func known(name string) bool {
	for _, o := range options {
		if o == name {
			return true
		}
	}
	return false
}

// sent is what a request has sent, and its name: the body, or the file of a form.
func sent(j *hub.Job, r *http.Request, what, field string) (data []byte, name string, err error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		data, err := j.Body(r)
		return data, "", err
	}
	f, err := j.Form(r)
	if err != nil {
		return nil, "", err
	}
	file, ok := f.File(field)
	if !ok {
		return nil, "", hub.Bad("the form has no %s: send it in the field %s", what, field)
	}
	return file.Data, file.Name, nil
}

// ModelInfo is a model as /v1/models lists it.
type ModelInfo struct {
	Name           string   `json:"name"`
	Task           string   `json:"task"`
	Labels         []string `json:"labels"`
	ScoreThreshold float64  `json:"score_threshold"`
	Device         string   `json:"device"`
	Degraded       bool     `json:"degraded"`
	Reason         string   `json:"reason,omitempty"`
}

// Models is the body of /v1/models.
type Models struct {
	Models []ModelInfo `json:"models"`
}

func serveModels(h *hub.Hub) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		list := Models{[]ModelInfo{}}
		for _, m := range h.Models() {
			d := m.Device()
			labels := m.Labels
			if labels == nil {
				labels = []string{}
			}
			list.Models = append(list.Models, ModelInfo{
				Name: m.Name, Task: m.Task, Labels: labels, ScoreThreshold: m.Threshold, Device: d.Name, Degraded: d.Degraded, Reason: d.Reason,
			})
		}
		hub.SendJSON(w, http.StatusOK, list)
	})
}
