package vision

// yoloEnd2End and the others read what models give that suppress boxes themselves or need no suppression, a row a box.
var (
	yoloEnd2End           = yoloDecoder(YOLOEnd2End, YOLOBoxes, false, "YOLOv10, YOLO26 and exports with nms=True, also with masks, [1,N,6]: N boxes, each with xmin, ymin, xmax and ymax from 0 to 1, a score and a class")
	yoloEnd2EndPixels     = yoloDecoder(YOLOEnd2End, YOLOBoxes, true, "the same with boxes in pixels of the input")
	yoloEnd2EndPose       = yoloDecoder(YOLOEnd2End, YOLOPose, false, "the same as yolo_end2end, with key points behind the class")
	yoloEnd2EndPosePixels = yoloDecoder(YOLOEnd2End, YOLOPose, true, "the same with boxes in pixels")
	yoloEnd2EndOBB        = yoloDecoder(YOLOEnd2End, YOLORotated, false, "the same as yolo_end2end, with boxes as x and y of the middle, width and height, and their angle behind the class")
	yoloEnd2EndOBBPixels  = yoloDecoder(YOLOEnd2End, YOLORotated, true, "the same with boxes in pixels")
)
