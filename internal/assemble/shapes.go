package assemble

import (
	"fmt"
	"slices"

	"corallite/configs"
	"corallite/internal/devicepool"
	"corallite/internal/schema"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// pictureShapes chooses the size of a model that takes pictures of any size. It is never assumed: what the file has in its
// place is 1 x 1.
func pictureShapes(m configs.Model) devicepool.Shapes {
	return func(g *schema.Subgraph) ([][]int, error) {
		if len(g.Inputs) == 0 {
			return nil, nil // which the task refuses
		}
		t := &g.Tensors[g.Inputs[0]]
		if len(t.Shape) != 4 {
			return nil, nil
		}
		signature := t.ShapeSignature
		if len(signature) != 4 {
			signature = t.Shape
		}
		shape := slices.Clone(t.Shape)
		if signature[0] == -1 {
			shape[0] = 1 // one picture at a time
		}
		y, x, _ := vision.PictureAxes(signature)
		for d, size := range map[int]int{y: m.Height, x: m.Width} {
			switch {
			case signature[d] == -1 && size == 0:
				return nil, fmt.Errorf("its input size is dynamic (input %s): set it with --width and --height on the command line, or width: and height: in YAML; the size it was trained with works best",
					tensor.ShapeString(signature))
			case signature[d] == -1:
				shape[d] = size
			case size != 0 && size != shape[d]:
				return nil, fmt.Errorf("its input size is fixed (input %s), so it cannot run at width %d and height %d: remove them",
					tensor.ShapeString(signature), m.Width, m.Height)
			}
		}
		if slices.Equal(shape, t.Shape) {
			return nil, nil
		}
		return [][]int{shape}, nil
	}
}
