package vision

// yolov8 and the others read the output of YOLOv8 and its successors, a column a box.
var (
	yolov8           = yoloDecoder(YOLOv8, YOLOBoxes, false, "YOLOv8 to YOLO26 without suppression, also with masks, [1,4+C,N] or [1,N,4+C]: N boxes, each with 4 coordinates from 0 to 1 and a score for each of C classes")
	yolov8Pixels     = yoloDecoder(YOLOv8, YOLOBoxes, true, "the same with boxes in pixels of the input")
	yolov8Pose       = yoloDecoder(YOLOv8, YOLOPose, false, "the same as yolov8, with key points behind the scores")
	yolov8PosePixels = yoloDecoder(YOLOv8, YOLOPose, true, "the same with boxes in pixels")
	yolov8OBB        = yoloDecoder(YOLOv8, YOLORotated, false, "the same as yolov8, with the angle of the box behind the scores")
	yolov8OBBPixels  = yoloDecoder(YOLOv8, YOLORotated, true, "the same with boxes in pixels")
)
