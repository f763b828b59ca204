// Package zone says where objects are: in zones, across lines, under masks. It knows boxes, points and times, and no
// pictures; positions are in pixels of the picture that a model saw, with y growing downwards.
//
// # Where an object is
//
// One point of an object's box decides, its anchor: the middle of the lower edge, where people stand and cars touch the
// road, unless the centre is asked for. A zone may also be asked for any overlap with the box. Points on the border of
// a polygon are inside. A polygon that crosses itself is filled by the even-odd rule: what its outline surrounds twice is
// outside.
//
// # Zones
//
// An object is in a zone after it was inside for Zone.Inertia frames in a row and for Zone.Loitering, and it is out
// after it was outside for as many frames in a row, or when its track ends; so jitter on a border is no news. Only
// frames in which the object was found count. Dwell counts from the first of the frames that brought it in.
//
// # Lines
//
// The two sides of a line have names. Seen by somebody who walks from its first point to its last, A is on the left and
// B on the right (with y growing downwards: a line drawn from left to right has A above and B below). An object has
// crossed when its anchor went through the line more often one way than the other and is then Line.Margin away from it;
// going round an end is no crossing. So an object that hesitates on the line counts once, and one that turns back not at all.
//
// # Time
//
// All times are those of the items. What is known of a track is forgotten when the track ends.
package zone
