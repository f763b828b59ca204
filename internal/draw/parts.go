package draw

// Parts are the kinds of things that are drawn, one bit each.
type Parts uint8

const (
	Boxes     Parts = 1 << iota // the boxes of detections
	Labels                      // text: a box's label, the panel of classes and of a mask's colours
	Masks                       // the areas of a segmentation
	Skeletons                   // poses, and the key points of detections

	AllParts = Boxes | Labels | Masks | Skeletons
)

// Hide leaves out parts from now on; 0 draws everything.
func (p *Painter) Hide(parts Parts) { p.hide = parts }

// shows says whether a part is drawn.
func (p *Painter) shows(part Parts) bool { return p.hide&part == 0 }
