package schema

import "corallite/tflite/tensor"

// flexScalars calls do for each number in a FlexBuffer map that verifyFlex has accepted: its key, its FlexBuffer type
// and its bits, of width bytes.
func flexScalars(buf []byte, do func(key string, kind byte, width int, bits uint64)) {
	f := &flex{buf: buf}
	width := int(buf[len(buf)-1])
	target, _ := f.follow(len(buf)-2-width, width)
	w := 1 << (buf[len(buf)-2] & 3)
	n, _ := f.uint(target-w, w)
	keysWidth, _ := f.uint(target-2*w, w)
	keys, _ := f.follow(target-3*w, w)
	for i := range int(n) {
		kind := buf[target+int(n)*w+i] >> 2
		if kind != flexInt && kind != flexUint && kind != flexFloat && kind != flexBool {
			continue
		}
		key, _ := f.follow(keys+i*int(keysWidth), int(keysWidth))
		end := key
		for buf[end] != 0 {
			end++
		}
		bits, _ := f.uint(target+i*w, w)
		do(string(buf[key:end]), kind, w, bits)
	}
}

// flexNumbers are the whole numbers in a FlexBuffer map that verifyFlex has accepted.
func flexNumbers(buf []byte) map[string]int64 {
	numbers := map[string]int64{}
	flexScalars(buf, func(key string, kind byte, width int, bits uint64) {
		if kind != flexFloat {
			shift := 64 - 8*width // sign-extends
			numbers[key] = int64(bits<<shift) >> shift
		}
	})
	return numbers
}

// PostProcess are the options of TFLite_Detection_PostProcess that determine the meaning of its outputs.
type PostProcess struct {
	Classes    int  // number of classes, without the background
	RegularNMS bool // non-maximum suppression per class, and a row is a box with its class; otherwise see PerBox
	PerBox     int  // with fast non-maximum suppression: rows per counted box, one for each of its best classes
}

// PostProcess reads the options of a TFLite_Detection_PostProcess that [Read] has verified.
func (o *Operator) PostProcess() PostProcess {
	n := flexNumbers(o.CustomOptions)
	return PostProcess{Classes: int(n["num_classes"]), RegularNMS: n["use_regular_nms"] != 0, PerBox: max(1, int(n["max_classes_per_detection"]))}
}

// postprocess checks TFLite_Detection_PostProcess: box encodings [1,anchors,4], class predictions
// [1,anchors,classes or classes+1] and anchors [anchors,4], and the counts in its options, by which its kernel
// reserves and walks memory.
func (r *reader) postprocess(o *Operator, g *Subgraph) {
	if len(o.Inputs) != 3 || len(o.Outputs) != 4 || o.Inputs[0] < 0 || o.Inputs[1] < 0 || o.Inputs[2] < 0 {
		r.fail("%d inputs and %d outputs (want 3 and 4)", len(o.Inputs), len(o.Outputs))
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
			r.fail("option %s has an invalid value: %d", c.name, v)
		}
	}
	boxes, scores, anchors := g.known(o.Inputs, 0), g.known(o.Inputs, 1), g.known(o.Inputs, 2)
	if boxes == nil || scores == nil || anchors == nil {
		return
	}
	b, s, a := boxes.Shape, scores.Shape, anchors.Shape
	if len(b) != 3 || len(s) != 3 || len(a) != 2 || b[0] != 1 || s[0] != 1 || b[2] < 4 || a[1] != 4 || b[1] != a[0] || s[1] != a[0] ||
		int64(s[2]) != classes && int64(s[2]) != classes+1 {
		r.fail("shapes of boxes %s, classes %s and anchors %s do not match %d classes", tensor.ShapeString(b), tensor.ShapeString(s), tensor.ShapeString(a), classes)
	}
}
