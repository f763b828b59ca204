package vision

// yolov8 and yolov8Pixels read the output of YOLOv8 to YOLO11, a column a box.
var (
	yolov8       = yoloDecoder(YOLOv8, false, "YOLOv8 to YOLO11 without their own suppression, [1,4+C,N]: N boxes, each with 4 coordinates from 0 to 1 and a score for each of C classes")
	yolov8Pixels = yoloDecoder(YOLOv8, true, "YOLOv8 to YOLO11 whose boxes are in pixels of the input")
)
