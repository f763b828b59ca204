package coco

// Pictures holds what was found in each picture, so that the average precision of any of them is soon known.
type Pictures struct {
	matched [][]*matches // [category][picture of Set.Images, sorted]; nil: nothing of the category is there or found
	limit   int
}

// NewPictures compares what was found with what is there. It fails as Evaluate does.
func NewPictures(set Set, found []Detection, kind Kind) (*Pictures, error) {
	p := &Pictures{limit: 100}
	if kind == Poses {
		p.limit = 20
	}
	c := &comparison{kind: kind, maxDet: p.limit}
	if err := c.read(set, found); err != nil {
		return nil, err
	}
	for _, category := range sorted(set.Categories) {
		var row []*matches
		for _, image := range sorted(set.Images) {
			var m *matches
			for _, pair := range c.pairs([]int{image}, category) {
				m = pair.match(sizeRanges[All])
			}
			row = append(row, m)
		}
		p.matched = append(p.matched, row)
	}
	return p, nil
}

// AP is the average precision (COCO's AP: thresholds of 0.50 to 0.95) of pictures by their place in the sorted Set.Images,
// each as often as it is named; -1 when they show nothing.
func (p *Pictures) AP(pictures []int) float64 {
	sum, n := 0.0, 0
	for _, row := range p.matched {
		var pairs []*matches
		there := 0
		for _, i := range pictures {
			if m := row[i]; m != nil {
				pairs, there = append(pairs, m), there+m.there
			}
		}
		if there == 0 {
			continue
		}
		for t := range Thresholds {
			recall, precision := curve(ranked(pairs, t, p.limit), there)
			onlyFall(precision)
			sum, n = sum+mean101(recall, precision), n+1
		}
	}
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}

// mean101 is the mean of the precision at recalls of 0 to 1 in steps of 0.01.
func mean101(recall, precision []float64) float64 {
	sum, i := 0.0, 0
	for _, at := range recalls {
		for i < len(recall) && recall[i] < at {
			i++
		}
		if i < len(recall) {
			sum += precision[i]
		}
	}
	return sum / float64(len(recalls))
}
