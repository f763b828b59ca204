package configs

import (
	"fmt"
	"maps"
	"slices"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
	"corallite/internal/zone"
)

// checkPlaces checks a pipeline's zones, lines, masks and label filters.
func (s *layers) checkPlaces(p path, cfg *Config, in Pipeline, whole bool) {
	places := &in.Places
	if places.Empty() {
		return
	}
	names := map[string]string{}
	for _, z := range places.Zones {
		s.checkPlace(p.to("zones", z.Name), zone.Options{Zones: []zone.Zone{z}}.Validate())
		names[z.Name] = "zone"
	}
	for _, l := range places.Lines {
		s.checkPlace(p.to("lines", l.Name), zone.Options{Lines: []zone.Line{l}}.Validate())
		if names[l.Name] != "" {
			s.problem(p.to("lines", l.Name), key.CodeDuplicate, "there is a zone of this name: choose another")
		}
	}
	for _, f := range places.Filters {
		s.checkPlace(p.to("filters", f.Label), zone.Selection{Filters: []zone.Filter{f}}.Validate())
	}
	s.checkPlace(p.to("labels"), zone.Selection{Merge: places.Merge}.Validate())
	if whole {
		s.checkPlacesModels(p, cfg, in)
		s.checkPlacesLabels(p, cfg, in)
	}
}

func (s *layers) checkPlace(p path, err error) {
	if err != nil {
		s.problem(p, key.CodeInvalid, "%v", err)
	}
}

// checkPlacesModels reports models that do not locate objects.
func (s *layers) checkPlacesModels(p path, cfg *Config, in Pipeline) {
	at := p
	for _, k := range []string{"labels", "filters", "masks", "lines", "zones"} {
		if s.layer(p.to(k)) != nowhere {
			at = p.to(k)
		}
	}
	followed := !in.Places.Enabled().Empty()
	detectors := 0
	for _, name := range in.Models {
		m, defined := cfg.Models[name]
		if !defined {
			return // reported elsewhere
		}
		if m.Task != TaskDetect {
			continue
		}
		detectors++
		if followed && m.Track == nil {
			s.problem(at, key.CodeConflict, "zones and lines need tracked objects: write \"track: true\" in models.%s", name)
		}
		for _, f := range in.Places.Filters {
			if f.Threshold > 0 && f.Threshold < m.ScoreThreshold {
				s.problem(p.to("filters", f.Label, "threshold"), key.CodeConflict, "%v is below the score_threshold of model %s, %v, which drops the detections before: lower that", f.Threshold, name, m.ScoreThreshold)
			}
		}
	}
	if detectors == 0 {
		s.problem(at, key.CodeConflict, "only applies to objects in a picture, but the pipeline has no model for detect")
	}
}

// checkPlacesLabels reports labels that no model of the pipeline has.
func (s *layers) checkPlacesLabels(p path, cfg *Config, in Pipeline) {
	own, known := modelLabels(cfg, in)
	if !known {
		return
	}
	merge := in.Places.Merge
	have := zone.Merged(own, merge)
	unknown := func(at path, label string, have []string) {
		if slices.Contains(have, label) {
			return
		}
		message := fmt.Sprintf("no model of the pipeline has the label %q", label)
		if to, ok := merge[label]; ok && slices.Contains(own, label) {
			message = fmt.Sprintf("%q becomes %q by labels", label, to)
		} else if near := didyoumean.Suggest(label, have); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		s.problem(at, key.CodeUnknownName, "%s", message)
	}
	for _, from := range slices.Sorted(maps.Keys(merge)) {
		unknown(p.to("labels", from), from, own)
	}
	for _, z := range in.Places.Zones {
		for _, label := range z.Objects {
			unknown(p.to("zones", z.Name, "objects"), label, have)
		}
		for _, f := range z.Filters {
			unknown(p.to("zones", z.Name, "filters", f.Label), f.Label, have)
		}
	}
	for _, l := range in.Places.Lines {
		for _, label := range l.Objects {
			unknown(p.to("lines", l.Name, "objects"), label, have)
		}
	}
	for _, f := range in.Places.Filters {
		unknown(p.to("filters", f.Label), f.Label, have)
	}
}
