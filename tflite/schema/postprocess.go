package schema

import "corallite/tflite/tensor"

// flexNumbers are the whole numbers in a FlexBuffer map that verifyFlex has accepted.
func flexNumbers(buf []byte) map[string]int64 {
	f := &flex{buf: buf}
	width := int(buf[len(buf)-1])
	target, _ := f.follow(len(buf)-2-width, width)
	w := 1 << (buf[len(buf)-2] & 3)
	n, _ := f.uint(target-w, w)
	keysWidth, _ := f.uint(target-2*w, w)
	keys, _ := f.follow(target-3*w, w)
	numbers := map[string]int64{}
	for i := range int(n) {
		packed := buf[target+int(n)*w+i]
		if kind := packed >> 2; kind != flexInt && kind != flexUint {
			continue
		}
		key, _ := f.follow(keys+i*int(keysWidth), int(keysWidth))
		end := key
		for buf[end] != 0 {
			end++
		}
		v, _ := f.uint(target+i*w, w)
		shift := 64 - 8*w // sign-extends
		numbers[string(buf[key:end])] = int64(v<<shift) >> shift
	}
	return numbers
}

// postprocess checks TFLite_Detection_PostProcess: box encodings [1,anchors,4], class predictions
// [1,anchors,classes or classes+1] and anchors [anchors,4], and the counts in its options, by which its kernel
// reserves and walks memory.
func (r *reader) postprocess(o *Operator, g *Subgraph) {
	if len(o.Inputs) != 3 || len(o.Outputs) != 4 || o.Inputs[0] < 0 || o.Inputs[1] < 0 || o.Inputs[2] < 0 {
		r.fail("%d inputs and %d outputs, not 3 and 4", len(o.Inputs), len(o.Outputs))
		return
	}
	const most = 1 << 16
	n := flexNumbers(o.CustomOptions)
	classes := n["num_classes"]
	for _, c := range []struct {
		name  string
		most  int64
		least int64
	}{{"num_classes", most, 1}, {"max_detections", most, 1}, {"max_classes_per_detection", classes, 1}, {"detections_per_class", most, 0}} {
		if v := n[c.name]; v < c.least || v > c.most {
			r.fail("%s is %d", c.name, v)
		}
	}
	boxes, scores, anchors := g.known(o.Inputs, 0), g.known(o.Inputs, 1), g.known(o.Inputs, 2)
	if boxes == nil || scores == nil || anchors == nil {
		return
	}
	b, s, a := boxes.Shape, scores.Shape, anchors.Shape
	if len(b) != 3 || len(s) != 3 || len(a) != 2 || b[0] != 1 || s[0] != 1 || b[2] < 4 || a[1] != 4 || b[1] != a[0] || s[1] != a[0] ||
		int64(s[2]) != classes && int64(s[2]) != classes+1 {
		r.fail("boxes %s, classes %s and anchors %s for %d classes", tensor.ShapeString(b), tensor.ShapeString(s), tensor.ShapeString(a), classes)
	}
}
