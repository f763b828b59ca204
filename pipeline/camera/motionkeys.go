package camera

import "corallite/internal/key"

// Keys describes the keys of motion detection.
func (o *MotionOptions) Keys() key.Table {
	usual := DefaultMotion()
	return key.Table{
		key.Number(&o.Area, "area").Above(0).Max(1).Default(usual.Area).Example("0.01").
			Doc("The share of the picture that must differ from the background: 0.002 is a square of 43 pixels in 1280x720."),
		key.Number(&o.Threshold, "threshold").Above(0).Max(10000).Default(usual.Threshold).Example("30").
			Doc("How much a pixel must differ: its squared distance from the background, in variances of the background (OpenCV's `varThreshold`). Higher where leaves and water move."),
		key.Seconds(&o.Hold, "hold").Min(0).Max(3600).Default(usual.Hold).Example("5").
			Doc("Seconds for which the models continue after the last change."),
		key.Int(&o.Width, "width").Min(minMotionWidth).Max(4096).Default(usual.Width).Example("640").
			Doc("The width in pixels to which pictures are reduced for the comparison: more detects smaller changes and takes longer."),
		key.Seconds(&o.WarmUp, "warm_up").Min(0).Max(3600).Default(usual.WarmUp).Example("3").
			Doc("Seconds at the start in which the models run on every picture, because the background is not known yet."),
		key.PointsList("masks", 3, func(texts []string) { o.Masks = texts }, func() []string { return o.Masks }).Example("[\"0,0,1,0,1,0.1,0,0.1\"]").
			Doc("Areas in which nothing counts as a change: a clock in the picture, a tree, a road. Each is a polygon as the `coordinates` of a zone."),
	}
}
