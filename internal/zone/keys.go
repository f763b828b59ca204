package zone

import (
	"slices"

	"corallite/internal/key"
)

// Config is what a pipeline says of places: what counts, and where it is.
type Config struct {
	Options
	Selection
}

// Empty reports whether nothing is said.
func (c *Config) Empty() bool {
	return len(c.Zones)+len(c.Lines)+len(c.Masks)+len(c.Filters)+len(c.Merge) == 0
}

// Keys describes the keys of a pipeline for places.
func (c *Config) Keys() key.Table {
	return key.Table{
		key.Groups(&c.Zones, "zones").PicturesOnly().Example("{door: {coordinates: \"0.1,0.4,0.5,0.4,0.5,0.9\"}}").
			Doc("Areas of the picture, by names that you choose. Events say of each tracked object which zones it is in (`zones`), has `entered` and `left`, for how long (`dwell_s`) and how fast it is (`speed_mps`), and what each zone counts (`counts`). The pipeline's detectors need `track`. docs/zones.md has more."),
		key.Groups(&c.Lines, "lines").PicturesOnly().Example("{gate: {coordinates: \"0.5,0.2,0.5,0.9\", a_to_b: out, b_to_a: in}}").
			Doc("Lines across the picture, by names that you choose, which tracked objects cross (`crossed` with the direction, `counts`). Seen by somebody who walks from the first point to the last, side A is on the left and side B on the right: of a line drawn from left to right, A is above. The arrow that is drawn points from A to B."),
		masksField(&c.Masks).PicturesOnly().
			Doc("Areas in which no object counts: detections whose box has the middle of its lower edge in one are dropped, before tracking."),
		key.Groups(&c.Filters, "filters").PicturesOnly().Example("{person: {min_area: 0.002, threshold: 0.6}}").
			Doc("What detections must be like, by their label. Others are dropped before tracking."),
		key.StringMap(&c.Merge, "labels").PicturesOnly().Example("{truck: car, bus: car}").
			Doc("Labels of detections, and what they become. Of two detections whose labels become the same one and that overlap by more than 0.6 (intersection over union), only the better one is kept: a van that the model takes for a car and for a truck is one."),
	}
}

// Called is the zone's name.
func (z *Zone) Called() *string { return &z.Name }

// Keys describes the keys of a zone.
func (z *Zone) Keys() key.Table {
	usual := DefaultZone()
	return key.Table{
		shapeField(&z.Shape, "coordinates", 3).Required().
			Doc("The corners: x and y in turn, as a string with commas as in Frigate, as a list of pairs, or as a list of strings. Shares of the picture from 0 to 1, or pixels. The last corner is joined to the first. What the outline surrounds twice is outside."),
		key.String(&z.Inside, "inside").Choices(string(Bottom), string(Center), string(Any)).Default(string(usual.Inside)).Example("center").
			Doc("What of an object's box must be inside: the middle of its lower edge (`bottom`), its `center`, or `any` part of it."),
		key.Int(&z.Inertia, "inertia").Min(1).Max(1000).Default(usual.Inertia).Example("1").
			Doc("In how many frames in a row an object must be inside to be in the zone, and outside to have left it."),
		key.Seconds(&z.Loitering, "loitering_time").Min(0).Max(86400).Default(0.0).Example("10").
			Doc("Seconds for which an object must be inside to be in the zone."),
		key.Strings(&z.Objects, "objects").DefaultDoc("all").Example("[person]").
			Doc("Labels of the objects that count."),
		key.String(&z.Title, "friendly_name").DefaultDoc("the zone's name").Example("front door").
			Doc("What pictures and the page show in place of the zone's name. Events have the name."),
		key.Bind(key.Key{Name: "enabled", Kind: key.KindBoolean, Default: true, Example: "false",
			Doc: "`false`: the zone is left out, as if it were not there, but for mistakes in it."},
			func(v any) { on, _ := v.(bool); z.Disabled = !on }, func() any { return !z.Disabled }),
		key.Numbers(&z.Distances, "distances").Lengths(4).Above(0).Max(1e6).DefaultDoc("none").Example("[4, 20, 4, 20]").
			Doc("For speeds: how long the four sides of the zone are on the ground in metres, from the first corner to the second and so on. The zone must then have four corners, as a rectangle on the ground has in the picture."),
		key.String(&z.MinSpeed, "speed_threshold").Pattern(speedPattern, speedForm).AcceptInt().DefaultDoc("none").Example("30 km/h").
			Doc("How fast an object must be to be in the zone, by `distances`. With its unit, because Frigate's number is in the unit of its `ui.unit_system`."),
		key.Groups(&z.Filters, "filters").Example("{person: {min_area: 0.002}}").
			Doc("What objects must be like, by their label, to be in this zone."),
	}
}

// Called is the line's name.
func (l *Line) Called() *string { return &l.Name }

// Keys describes the keys of a line.
func (l *Line) Keys() key.Table {
	usual := DefaultLine()
	return key.Table{
		shapeField(&l.Shape, "coordinates", 2).Required().
			Doc("Two or more points, as the corners of a zone."),
		key.String(&l.Anchor, "anchor").Choices(string(Bottom), string(Center)).Default(string(usual.Anchor)).Example("center").
			Doc("What of an object's box must cross the line: the middle of its lower edge (`bottom`), or its `center`."),
		key.Number(&l.Margin, "margin").Min(0).Max(10).Default(usual.Margin).Example("0.3").
			Doc("How far behind the line an object has crossed it, relative to the height of its box: who hesitates on the line crosses it once."),
		key.Strings(&l.Objects, "objects").DefaultDoc("all").Example("[person]").
			Doc("Labels of the objects that count."),
		key.String(&l.AToB, "a_to_b").Default(usual.AToB).Example("out").Doc("The name in events of the direction from side A to side B."),
		key.String(&l.BToA, "b_to_a").Default(usual.BToA).Example("in").Doc("The name of the direction from side B to side A."),
	}
}

// Called is the label that the filter is for.
func (f *Filter) Called() *string { return &f.Label }

// Keys describes the keys of a filter.
func (f *Filter) Keys() key.Table {
	area := func(to *float64, name, what string) *key.Field {
		return key.Number(to, name).Min(0).Max(1e9).Default(0.0).Example("0.002").
			Doc(what + " area of a box: up to 1 a share of the picture, above that square pixels. 0: no limit.")
	}
	ratio := func(to *float64, name, what string) *key.Field {
		return key.Number(to, name).Min(0).Max(1000).Default(0.0).Example("0.5").Doc(what + " width of a box by its height. 0: no limit.")
	}
	return key.Table{
		area(&f.MinArea, "min_area", "The smallest"), area(&f.MaxArea, "max_area", "The largest"),
		ratio(&f.MinRatio, "min_ratio", "The smallest"), ratio(&f.MaxRatio, "max_ratio", "The largest"),
		key.Number(&f.Threshold, "threshold").Min(0).Max(1).Default(0.0).Example("0.7").
			Doc("Minimum score; at least the model's `score_threshold`. A tracked object may have lower scores for a while."),
		masksField(&f.Masks).Doc("Areas in which objects with the label do not count."),
	}
}

func shapeField(to *Shape, name string, least int) *key.Field {
	return key.Points(name, least, func(text string) { *to = parsed(text) }, func() string { return to.String() }).
		Example("\"0.1,0.4,0.5,0.4,0.5,0.9\"")
}

func masksField(to *[]Shape) *key.Field {
	return key.PointsList("masks", 3, func(texts []string) {
		*to = nil
		for _, text := range texts {
			*to = append(*to, parsed(text))
		}
	}, func() (texts []string) {
		for _, s := range *to {
			texts = append(texts, s.String())
		}
		return texts
	}).Example("[\"0,0,0.2,0,0.2,0.1,0,0.1\"]")
}

// parsed is a shape that was checked when it was read; others are refused by Validate, because they have no points.
func parsed(text string) Shape {
	s, _ := ParseShape(text, 1)
	return s
}

// Labels are the labels that the configuration names, without those that are merged.
func (c *Config) Labels() []string {
	var all []string
	for _, z := range c.Zones {
		all = append(all, z.Objects...)
		for _, f := range z.Filters {
			all = append(all, f.Label)
		}
	}
	for _, l := range c.Lines {
		all = append(all, l.Objects...)
	}
	for _, f := range c.Filters {
		all = append(all, f.Label)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
