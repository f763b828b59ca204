package deepstack

import (
	"fmt"
	"net/http"

	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

func (s *server) face(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	if s.o.Face == nil {
		return nil, off("face", "detecting faces")
	}
	e, _, err := s.run(j, f, s.o.Face)
	if err != nil {
		return nil, err
	}
	all := predictions(e.Detections)
	for i := range all {
		all[i].Label = ""
	}
	a := found{done(j, "detect", e.Latency.Invoke), len(all), all}
	a.Message = fmt.Sprintf("%d found", len(all))
	return a, nil
}

// gallery is the gallery of faces, and their detector.
func (s *server) gallery(path string) (*Faces, error) {
	if s.o.Faces == nil || s.o.Face == nil {
		return nil, hub.Fault(http.StatusForbidden, "/v1/vision/face/%s is off: set face_gallery and face_embedder in the configuration's serve (docs/serve.md says which models there are)", path)
	}
	return s.o.Faces, nil
}

// largest is the largest face of a picture, cut out of it, with its vector.
func (s *server) largest(j *hub.Job, data []byte) (crop []byte, v pipeline.Vector, err error) {
	all, crops, err := s.crops(j, data, nil)
	if err != nil {
		return nil, nil, err
	}
	best, size := -1, float32(0)
	for i, d := range all {
		if a := (d.Box[2] - d.Box[0]) * (d.Box[3] - d.Box[1]); best < 0 || a > size {
			best, size = i, a
		}
	}
	if best < 0 {
		return nil, nil, hub.Bad("there is no face in the picture")
	}
	v, err = j.Vector(s.o.Faces.model, crops[best])
	return crops[best], v, err
}

// crops are the faces of a picture, with a JPEG of each.
func (s *server) crops(j *hub.Job, data []byte, least *float64) (all []pipeline.Detection, crops [][]byte, err error) {
	p, err := j.WholePicture(data)
	if err != nil {
		return nil, nil, err
	}
	e, err := j.Run(s.o.Face, p, hub.Want{Threshold: least})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range e.Detections {
		crop, err := s.o.Faces.picture(j, p, d)
		if err != nil {
			return nil, nil, err
		}
		crops = append(crops, crop)
	}
	return e.Detections, crops, nil
}

func (s *server) register(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	g, err := s.gallery("register")
	if err != nil {
		return nil, err
	}
	id := f.Values["userid"]
	if err := checkUserID(id); err != nil {
		return nil, err
	}
	if len(f.Files) == 0 {
		return nil, hub.Bad("no picture was sent: send one or more files")
	}
	for i, file := range f.Files {
		crop, v, err := s.largest(j, file.Data)
		if err != nil {
			if e := hub.AsError(err); e.Status == http.StatusBadRequest {
				return nil, hub.Bad("picture %d of %d: %w", i+1, len(f.Files), err)
			}
			return nil, err
		}
		if err := g.add(id, crop, v); err != nil {
			return nil, err
		}
	}
	a := done(j, "register", 0)
	a.Message = "face added"
	return a, nil
}

func (s *server) recognize(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	g, err := s.gallery("recognize")
	if err != nil {
		return nil, err
	}
	least := g.model.Threshold
	if asked, err := confidence(f); err != nil {
		return nil, err
	} else if asked != nil {
		least = *asked
	}
	data, err := image(f)
	if err != nil {
		return nil, err
	}
	all, crops, err := s.crops(j, data, nil)
	if err != nil {
		return nil, err
	}
	out := []Prediction{}
	for i, d := range all {
		v, err := j.Vector(g.model, crops[i])
		if err != nil {
			return nil, err
		}
		p := boxed(d)
		who, similarity := g.nearest(v)
		if p.UserID, p.Confidence = who, score(max(0, similarity)); who == "" || float64(similarity) < least {
			p.UserID, p.Confidence = "unknown", 0
		}
		out = append(out, p)
	}
	a := found{done(j, "recognize", 0), len(out), out}
	a.Message = fmt.Sprintf("%d found", len(out))
	return a, nil
}

func (s *server) match(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	if _, err := s.gallery("match"); err != nil {
		return nil, err
	}
	if len(f.Files) != 2 {
		return nil, hub.Bad("two pictures are compared; %d came", len(f.Files))
	}
	var vectors [2]pipeline.Vector
	for i, file := range f.Files {
		var err error
		if _, vectors[i], err = s.largest(j, file.Data); err != nil {
			if hub.AsError(err).Status == http.StatusBadRequest {
				return nil, hub.Bad("picture %d of 2: %w", i+1, err)
			}
			return nil, err
		}
	}
	similarity := vision.Cosine(vectors[0], vectors[1])
	return struct {
		answer
		Similarity float64 `json:"similarity"`
	}{done(j, "match", 0), score(max(similarity, 0))}, nil
}

func (s *server) faces(j *hub.Job, _ hub.Form, _ *http.Request) (any, error) {
	g, err := s.gallery("list")
	if err != nil {
		return nil, err
	}
	return struct {
		answer
		Faces []string `json:"faces"`
	}{done(j, "list", 0), g.names()}, nil
}

func (s *server) remove(j *hub.Job, f hub.Form, _ *http.Request) (any, error) {
	g, err := s.gallery("delete")
	if err != nil {
		return nil, err
	}
	id := f.Values["userid"]
	if err := checkUserID(id); err != nil {
		return nil, err
	}
	if err := g.remove(id); err != nil {
		return nil, err
	}
	return done(j, "delete", 0), nil
}
