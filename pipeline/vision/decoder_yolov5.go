package vision

// yolov5 and yolov5Pixels read the output of YOLOv5 and YOLOv7, a row a box.
var (
	yolov5       = yoloDecoder(YOLOv5, YOLOBoxes, false, "YOLOv5 and YOLOv7, [1,N,5+C]: N boxes, each with 4 coordinates from 0 to 1, a score and one for each of C classes")
	yolov5Pixels = yoloDecoder(YOLOv5, YOLOBoxes, true, "YOLOv5, YOLOv7, YOLOv6 and YOLOX, as yolov5, whose boxes are in pixels of the input")
)
