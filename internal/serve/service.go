package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"corallite/internal/part"
	"corallite/internal/serve/api"
	"corallite/internal/serve/deepstack"
	"corallite/internal/serve/doods"
	"corallite/internal/serve/frigate"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/oip"
	"corallite/internal/web"
	"corallite/pipeline"
)

// service is the block of a running program.
type service struct {
	c   *Config
	hub *hub.Hub
	web *web.Server
	zmq *frigate.Server // nil: none
}

// open opens what the block describes.
func open(ctx context.Context, c *Config, env part.ServiceEnv) (_ part.Server, err error) {
	o, err := c.ServerOptions(DefaultListen, env.Logger)
	if err != nil {
		return nil, err
	}
	s := &service{c: c}
	if s.web, err = web.Shared(env.Server, o); err != nil {
		return nil, err
	}
	models, err := env.Serve(ctx, c.Models)
	if err != nil {
		return nil, err
	}
	if s.hub, err = hub.New(hub.Options{Models: models, Queue: c.Queue, Timeout: c.Timeout, MaxBody: int64(c.MaxBody) << 20, Logger: env.Logger}); err != nil {
		return nil, err
	}
	if err := s.route(ctx, env); err != nil {
		return nil, errors.Join(err, s.hub.Close())
	}
	if c.Zmq == "" {
		return s, nil
	}
	s.zmq, err = frigate.New(frigate.Options{Endpoint: c.Zmq, Public: c.Public, Folder: cmp.Or(c.ZmqModels, env.Cache("frigate")), Open: env.ServeFile, Hub: s.hub, Logger: env.Logger})
	if err != nil {
		return nil, errors.Join(err, s.hub.Close())
	}
	return s, nil
}

// access is who may ask.
func (s *service) access() hub.Access {
	if s.c.Public {
		return hub.Everybody{}
	}
	return s.web
}

// route adds the protocols' addresses to the server.
func (s *service) route(ctx context.Context, env part.ServiceEnv) error {
	a := s.access()
	var routes []hub.Route
	detector, err := s.model(s.c.Detector, "detect", func(m *hub.Model) bool { return !onlyFaces(m) })
	if err != nil {
		return fmt.Errorf("detector: %w", err)
	}
	if s.c.API {
		routes = append(routes, api.Routes(s.hub, s.web)...)
	}
	if s.c.DeepStack {
		o, err := s.deepstack(ctx, env, detector)
		if err != nil {
			return err
		}
		routes = append(routes, deepstack.Routes(s.hub, a, o)...)
	}
	if s.c.Doods {
		routes = append(routes, doods.Routes(s.hub, detector, s.web)...)
	}
	if s.c.OIP {
		routes = append(routes, oip.Routes(s.hub, env.Version)...)
	}
	for _, r := range routes {
		s.web.HandleOwn(r.Pattern, r.Guarded(a), r.Methods...)
	}
	if len(routes) > 0 {
		s.web.HandleOwn("/v1/", http.HandlerFunc(notFound), http.MethodGet, http.MethodHead, http.MethodPost)
	}
	return nil
}

// notFound says in the shape of all protocols there that an address has no answer.
func notFound(w http.ResponseWriter, r *http.Request) {
	hub.SendError(w, hub.Fault(http.StatusNotFound, "there is nothing at %s; docs/serve.md has the addresses", r.URL.Path), func(e *hub.Error) any {
		return map[string]any{"success": false, "error": e.Error()}
	})
}

// onlyFaces reports whether a detector finds faces and nothing else.
func onlyFaces(m *hub.Model) bool { return len(m.Labels) == 1 && m.Labels[0] == "face" }

// model is the model of that name, which must be for a task; without a name the first for it that fits, nil: there is none.
func (s *service) model(name, task string, fits func(*hub.Model) bool) (*hub.Model, error) {
	if name != "" {
		return s.hub.For(task, name)
	}
	all := s.hub.Models()
	if i := slices.IndexFunc(all, func(m *hub.Model) bool { return m.Task == task && fits(m) }); i >= 0 {
		return all[i], nil
	}
	return nil, nil
}

// deepstack are the models of DeepStack's addresses.
func (s *service) deepstack(ctx context.Context, env part.ServiceEnv, detector *hub.Model) (o deepstack.Options, err error) {
	o.Detection = detector
	if o.Scene, err = s.model(s.c.Scene, "classify", func(*hub.Model) bool { return true }); err != nil {
		return o, fmt.Errorf("scene: %w", err)
	}
	if o.Face, err = s.model(s.c.FaceDetector, "detect", onlyFaces); err != nil {
		return o, fmt.Errorf("face_detector: %w", err)
	}
	if s.c.FaceGallery == "" {
		return o, nil
	}
	embedder, err := s.model(s.c.FaceEmbedder, "embed", func(m *hub.Model) bool { return m.Faces })
	switch {
	case err != nil:
		return o, fmt.Errorf("face_embedder: %w", err)
	case embedder == nil:
		return o, errors.New("face_gallery needs a model for embed that was trained on faces: name one with face_embedder")
	case o.Face == nil:
		return o, errors.New("face_gallery needs a model that finds faces: name one with face_detector")
	case !embedder.Faces:
		env.Logger.Warn("it is not known that the model was trained on faces: it may take strangers for people it knows", "model", embedder.Name)
	}
	o.Faces, err = deepstack.OpenFaces(ctx, s.hub, embedder, s.c.FaceGallery, s.c.FaceAlign, func(path string, err error) {
		env.Logger.Warn("a picture of the face gallery is left out", "path", path, "error", err)
	})
	if err != nil {
		return o, fmt.Errorf("face_gallery: %w", err)
	}
	return o, nil
}

// Start begins to answer.
func (s *service) Start() {
	s.web.Start()
	if s.zmq != nil {
		s.zmq.Start()
	}
}

// Close ends the requests in progress and closes the models.
func (s *service) Close() error {
	var errs []error
	if s.zmq != nil {
		errs = append(errs, s.zmq.Close())
	}
	return errors.Join(append(errs, s.web.Close(), s.hub.Close())...)
}

// Lasts is true: requests come when all sources have ended, too.
func (s *service) Lasts() bool { return true }

// Page is empty: there is nothing for people.
func (s *service) Page() string { return "" }

// Announcement says where the server is, with a token that only the program knows.
func (s *service) Announcement() string {
	text := "serve: " + s.web.Page()
	switch {
	case s.c.Public && !s.web.Loopback():
		text += " (open to everybody who reaches it)"
	case s.c.TokenEnv != "":
		text += fmt.Sprintf(" (it asks for the token in %s)", s.c.TokenEnv)
	case s.web.Token() != "":
		text += fmt.Sprintf(" (Authorization: Bearer %s)", s.web.Token())
	}
	if s.zmq != nil {
		text += " and " + s.zmq.Endpoint()
	}
	return text
}

// Tap passes the events of a pipeline on to those who follow /v1/events.
func (s *service) Tap(part.SinkEnv) (pipeline.NamedSink, error) {
	return pipeline.NamedSink{Name: "serve", Sink: tap{s.hub}, Queue: pipeline.DefaultQueue}, nil
}

type tap struct{ hub *hub.Hub }

func (t tap) Consume(_ context.Context, r pipeline.Report) error {
	for _, e := range r.Events {
		t.hub.Publish(e)
	}
	return nil
}

// EventsOnly says that pictures need not be decoded in full for it.
func (t tap) EventsOnly() {}

func (t tap) Lossless() bool { return false }
func (t tap) Close() error   { return nil }
