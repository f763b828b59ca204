package inspect

import (
	"cmp"
	"slices"
)

// A drawing has one layer for each step of the longest way to a node; ways that pass over layers have a place in each. Nodes of a
// layer are ordered by where their neighbours are (Sugiyama, Tagawa, Toda 1981: the barycentre heuristic), and moved towards them.

// spot is a node of the drawing, or a place of an edge that passes over its layer.
type spot struct {
	node       int // index of the operator; the inputs and outputs come after these; -1: an edge passes
	layer      int
	width      float64
	x          float64 // of its middle
	up, down   []int   // neighbours, as indices of spots
	order      float64
	label, sub string
}

// line is an edge: the spots that it goes through, from its maker to its user.
type line struct {
	through []int
	label   string
}

// drawing is a graph with places.
type drawing struct {
	spots  []spot
	lines  []line
	layers [][]int
}

const (
	gap       = 18.0  // between spots of a layer
	passing   = 10.0  // width of an edge that passes
	mostSpots = 20000 // with the places of edges; more are not drawn
)

// place gives every spot of a layer its order and its x.
func (d *drawing) place() {
	for i := range d.spots {
		d.layers[d.spots[i].layer] = append(d.layers[d.spots[i].layer], i)
	}
	for sweep := range 8 {
		down := sweep%2 == 0
		for k := range d.layers {
			at := k
			if !down {
				at = len(d.layers) - 1 - k
			}
			d.sort(d.layers[at], down)
		}
	}
	for _, layer := range d.layers {
		x := 0.0
		for _, i := range layer {
			d.spots[i].x = x + float64(d.spots[i].width/2)
			x += d.spots[i].width + gap
		}
		for _, i := range layer {
			d.spots[i].x -= float64((x - gap) / 2)
		}
	}
	for sweep := range 20 {
		for k := range d.layers {
			at := k
			if sweep%2 == 1 {
				at = len(d.layers) - 1 - k
			}
			d.pull(d.layers[at], sweep%2 == 0)
		}
	}
}

// sort orders a layer by the mean order of the neighbours above or below.
func (d *drawing) sort(layer []int, down bool) {
	means := make(map[int]float64, len(layer))
	for k, i := range layer {
		near := d.spots[i].up
		if !down {
			near = d.spots[i].down
		}
		means[i] = float64(k)
		if len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += d.spots[n].order
			}
			means[i] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(means[a], means[b]) })
	for k, i := range layer {
		d.spots[i].order = float64(k)
	}
}

// pull moves the spots of a layer towards their neighbours, and apart where they would overlap.
func (d *drawing) pull(layer []int, down bool) {
	wanted := make([]float64, len(layer))
	for k, i := range layer {
		near := d.spots[i].up
		if !down {
			near = d.spots[i].down
		}
		wanted[k] = d.spots[i].x
		if len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += d.spots[n].x
			}
			wanted[k] = sum / float64(len(near))
		}
	}
	// From the left, then from the right; the middle of both keeps it even.
	left, right := slices.Clone(wanted), slices.Clone(wanted)
	apart := func(a, b int) float64 { return float64((d.spots[layer[a]].width+d.spots[layer[b]].width)/2) + gap }
	for k := 1; k < len(layer); k++ {
		left[k] = max(left[k], left[k-1]+apart(k-1, k))
	}
	for k := len(layer) - 2; k >= 0; k-- {
		right[k] = min(right[k], right[k+1]-apart(k, k+1))
	}
	for k, i := range layer {
		d.spots[i].x = (left[k] + right[k]) / 2
	}
	for k := 1; k < len(layer); k++ { // the middle of two that keep apart may not
		i, before := layer[k], layer[k-1]
		d.spots[i].x = max(d.spots[i].x, d.spots[before].x+apart(k-1, k))
	}
}

// draw makes a drawing of a graph; ok is false where it is too large.
func (g *Subgraph) draw() (d *drawing, ok bool) {
	d = &drawing{}
	maker := map[int]int{} // tensor: spot
	layerOf := func(inputs []Operand) int {
		layer := 0
		for _, t := range inputs {
			if m, made := maker[t.Tensor]; made && t.Tensor >= 0 {
				layer = max(layer, d.spots[m].layer+1)
			}
		}
		return layer
	}
	add := func(s spot) int {
		s.width = max(90, float64(8.2*float64(max(len([]rune(s.label)), len([]rune(s.sub)))))+16)
		d.spots = append(d.spots, s)
		return len(d.spots) - 1
	}
	for i, p := range g.Inputs {
		maker[p.Tensor] = add(spot{node: len(g.Operators) + i, label: "input " + number(i), sub: p.brief()})
	}
	type edge struct {
		from, to int
		label    string
	}
	var edges []edge
	for _, o := range g.Operators {
		sub := ""
		if len(o.Outputs) > 0 {
			sub = o.Outputs[0].brief()
		}
		at := add(spot{node: o.Index, layer: layerOf(o.Inputs), label: o.Name, sub: sub})
		for _, t := range o.Inputs {
			if m, made := maker[t.Tensor]; made && t.Tensor >= 0 {
				edges = append(edges, edge{m, at, t.Name + " " + t.brief()})
			}
		}
		for _, t := range o.Outputs {
			maker[t.Tensor] = at
		}
	}
	last := 0
	for _, s := range d.spots {
		last = max(last, s.layer)
	}
	for i, p := range g.Outputs {
		m, made := maker[p.Tensor]
		layer := last + 1
		if made {
			layer = d.spots[m].layer + 1
		}
		at := add(spot{node: len(g.Operators) + len(g.Inputs) + i, layer: layer, label: "output " + number(i), sub: p.brief()})
		if made {
			edges = append(edges, edge{m, at, p.Name})
		}
		last = max(last, layer)
	}
	if !inputsBefore(d, g) {
		return nil, false
	}
	total := len(d.spots)
	for _, e := range edges {
		total += max(0, d.spots[e.to].layer-d.spots[e.from].layer-1)
	}
	if total > mostSpots {
		return nil, false
	}
	for _, e := range edges {
		l := line{through: []int{e.from}, label: e.label}
		before := e.from
		for layer := d.spots[e.from].layer + 1; layer < d.spots[e.to].layer; layer++ {
			d.spots = append(d.spots, spot{node: -1, layer: layer, width: passing})
			d.join(before, len(d.spots)-1)
			before = len(d.spots) - 1
			l.through = append(l.through, before)
		}
		d.join(before, e.to)
		d.lines = append(d.lines, line{append(l.through, e.to), l.label})
	}
	d.layers = make([][]int, last+1)
	for i := range d.spots {
		d.spots[i].order = float64(i)
	}
	d.place()
	return d, true
}

// inputsBefore puts each input of the graph just above its first user, and says whether there is anything to draw.
func inputsBefore(d *drawing, g *Subgraph) bool {
	for k, p := range g.Inputs {
		first := -1
		for _, s := range d.spots[len(g.Inputs):] {
			if s.node < 0 || s.node >= len(g.Operators) {
				continue
			}
			for _, t := range g.Operators[s.node].Inputs {
				if t.Tensor == p.Tensor && (first < 0 || s.layer < first) {
					first = s.layer
				}
			}
		}
		if first > 1 {
			d.spots[k].layer = first - 1
		}
	}
	return len(d.spots) > 0
}

func (d *drawing) join(a, b int) {
	d.spots[a].down = append(d.spots[a].down, b)
	d.spots[b].up = append(d.spots[b].up, a)
}
