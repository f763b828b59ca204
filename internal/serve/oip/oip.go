package oip

import (
	"net/http"

	"corallite/internal/serve/hub"
)

// version is that of every model.
const version = "1"

const platform = "tensorflow_lite"

func shape(e *hub.Error) any {
	return struct {
		Error string `json:"error"`
	}{e.Error()}
}

type server struct {
	h       *hub.Hub
	release string
}

// Routes are the addresses of the protocol. release is the program's version.
func Routes(h *hub.Hub, release string) []hub.Route {
	s := &server{h, release}
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	var routes []hub.Route
	add := func(methods []string, do http.Handler, patterns ...string) {
		for _, p := range patterns {
			routes = append(routes, hub.Route{Pattern: "/v2" + p, Methods: methods, Shape: shape, Handler: do})
		}
	}
	add(get, http.HandlerFunc(s.about), "", "/{$}")
	add(get, http.HandlerFunc(s.healthy), "/health/live", "/health/ready")
	add(get, s.model(func(m *hub.Model) any { return describeModel(m) }), "/models/{model}", "/models/{model}/versions/{version}")
	add(get, s.model(func(m *hub.Model) any {
		return struct {
			Name  string `json:"name"`
			Ready bool   `json:"ready"`
		}{m.Name, true}
	}), "/models/{model}/ready", "/models/{model}/versions/{version}/ready")
	add(post, h.Handle(shape, s.infer), "/models/{model}/infer", "/models/{model}/versions/{version}/infer")
	add(post, http.HandlerFunc(s.index), "/repository/index")
	add([]string{http.MethodGet, http.MethodHead, http.MethodPost}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.SendError(w, hub.Fault(http.StatusNotFound, "there is nothing at %s", r.URL.Path), shape)
	}), "/{rest...}")
	return routes
}

func (s *server) about(w http.ResponseWriter, _ *http.Request) {
	hub.SendJSON(w, http.StatusOK, struct {
		Name       string   `json:"name"`
		Version    string   `json:"version"`
		Extensions []string `json:"extensions"`
	}{"corallite", s.release, []string{"binary_tensor_data", "model_repository"}})
}

func (s *server) healthy(w http.ResponseWriter, _ *http.Request) {
	hub.SendJSON(w, http.StatusOK, struct {
		Live  bool `json:"live"`
		Ready bool `json:"ready"`
	}{true, true})
}

// Metadata describes a model.
type Metadata struct {
	Name     string       `json:"name"`
	Versions []string     `json:"versions"`
	Platform string       `json:"platform"`
	Inputs   []TensorInfo `json:"inputs"`
	Outputs  []TensorInfo `json:"outputs"`
}

func describeModel(m *hub.Model) Metadata {
	return Metadata{m.Name, []string{version}, platform, describe("input", m.Inputs), describe("output", m.Outputs)}
}

// find is the model that an address names.
func (s *server) find(r *http.Request) (*hub.Model, error) {
	m, err := s.h.Model(r.PathValue("model"))
	if v := r.PathValue("version"); err == nil && v != "" && v != version {
		return nil, hub.Fault(http.StatusNotFound, "model %s has no version %s: there is version %s", m.Name, v, version)
	}
	return m, err
}

// model answers with what say says of a model.
func (s *server) model(say func(m *hub.Model) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := s.find(r)
		if err != nil {
			hub.SendError(w, err, shape)
			return
		}
		hub.SendJSON(w, http.StatusOK, say(m))
	})
}

func (s *server) index(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		State   string `json:"state"`
	}
	all := []entry{}
	for _, m := range s.h.Models() {
		all = append(all, entry{m.Name, version, "READY"})
	}
	hub.SendJSON(w, http.StatusOK, all)
}
