package schema

// detectorMetadata is the name under which MediaPipe's metadata writer adds to the metadata of a subgraph how the outputs of a
// detector without suppression are to be read (mediapipe/tasks/metadata/object_detector_metadata_schema.fbs), a FlatBuffer
// with the identifier V001.
const detectorMetadata, detectorIdentifier = "DETECTOR_METADATA", "V001"

// Fields of its tables, by id.
const (
	customName, customData                        = 0, 1
	detectorAnchors, detectorDecoding             = 1, 2
	anchorsFixed, fixedList                       = 0, 0
	anchorX, anchorY, anchorWidth, anchorHeight   = 0, 1, 2, 3
	decodedCoords, decodedKeypoints               = 2, 4
	decodedX, decodedY, decodedWidth, decodedSize = 6, 7, 8, 9
	decodedExponential, decodedSigmoid            = 10, 11
)

// Detector is a model's metadata about how the boxes and scores of a detector without suppression are to be read. Names are those
// of MediaPipe's TensorsToDetectionsCalculator. Values are not checked.
type Detector struct {
	Anchors                        [][4]float32 // middle x and y, width and height, from 0 to 1
	Coords, Keypoints              int          // values for each box, and key points among them
	XScale, YScale, WScale, HScale float32
	Exponential                    bool // widths and heights are logarithms
	Sigmoid                        bool // scores are logits
}

// detector reads the metadata among those that others have added to a subgraph's; nil if there are none.
func (r *reader) detector(custom vector) *Detector {
	for i := 0; i < custom.n && r.err == nil; i++ {
		c := custom.at(i)
		if c.text(customName) != detectorMetadata {
			continue
		}
		data := c.bytes(customData)
		if len(data) < 8 || string(data[4:8]) != detectorIdentifier {
			r.fail("%s does not start with the identifier %s", detectorMetadata, detectorIdentifier)
			return nil
		}
		inner := newReader(data)
		d := inner.detectorOptions()
		if inner.err != nil {
			r.fail("%s: %v", detectorMetadata, inner.err)
		}
		return d
	}
	return nil
}

func (r *reader) detectorOptions() *Detector {
	root := r.table(r.follow(0))
	d := &Detector{}
	if fixed := root.sub(detectorAnchors).sub(anchorsFixed); fixed.present() {
		list := fixed.tables(fixedList)
		if !r.copies(16 * list.n) {
			return d
		}
		for i := 0; i < list.n && r.err == nil; i++ {
			a := list.at(i)
			d.Anchors = append(d.Anchors, [4]float32{a.float(anchorX), a.float(anchorY), a.float(anchorWidth), a.float(anchorHeight)})
		}
	}
	if o := root.sub(detectorDecoding); o.present() {
		d.Coords, d.Keypoints = int(o.int32Or(decodedCoords, 0)), int(o.int32Or(decodedKeypoints, 0))
		d.XScale, d.YScale, d.WScale, d.HScale = o.float(decodedX), o.float(decodedY), o.float(decodedWidth), o.float(decodedSize)
		d.Exponential, d.Sigmoid = o.byteOr(decodedExponential, 0) != 0, o.byteOr(decodedSigmoid, 0) != 0
	}
	return d
}
