"""The peer of `corallite eval` on COCO's JSON: LiteRT, OpenCV and pycocotools.

evaluate.py make VIDEO MOT FOLDER N         writes N frames as JPEGs, enlarged to 1920 x 1440, and annotations.json
evaluate.py MODEL ANNOTATIONS FOLDER THREADS   prints pycocotools' AP of "person"

A pool of threads, each with an interpreter of one thread, as is best for several pictures at once.
"""

import contextlib
import io
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2


def make(video, mot, folder, n):
    scale = 2.5
    boxes = {}
    for line in open(mot):
        frame, _, x, y, w, h = (float(v) for v in line.split(",")[:6])
        boxes.setdefault(int(frame), []).append([x * scale, y * scale, w * scale, h * scale])
    images, annotations = [], []
    movie = cv2.VideoCapture(video)
    for frame in range(1, 601):
        ok, picture = movie.read()
        if not ok or (frame - 1) % (600 // n):
            continue
        name = f"{frame:06}.jpg"
        cv2.imwrite(os.path.join(folder, name), cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
        images.append({"id": frame, "file_name": name, "width": int(768 * scale), "height": int(576 * scale)})
        for b in boxes.get(frame, []):
            annotations.append({"id": len(annotations) + 1, "image_id": frame, "category_id": 1, "bbox": b, "area": b[2] * b[3], "iscrowd": 0})
    with open(os.path.join(folder, "annotations.json"), "w") as f:
        json.dump({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}, f)


def evaluate(model, annotations, folder, threads):
    from ai_edge_litert.interpreter import Interpreter
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    cv2.setNumThreads(1)
    own = threading.local()

    def start():
        own.net = Interpreter(model_path=model, num_threads=1)
        own.net.allocate_tensors()
        own.into, own.out = own.net.get_input_details()[0], [o["index"] for o in own.net.get_output_details()]

    def detect(image):
        picture = cv2.imread(os.path.join(folder, image["file_name"]))
        high, wide = picture.shape[:2]
        height, width = own.into["shape"][1:3]
        own.net.set_tensor(own.into["index"], cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2RGB)[None])
        own.net.invoke()
        boxes, classes, scores = (own.net.get_tensor(i)[0] for i in own.out[:3])
        found = []
        for (y0, x0, y1, x1), c, s in zip(boxes, classes, scores):
            if int(c) == 0 and s >= 0.001:
                x0, x1, y0, y1 = (min(max(v, 0), 1) for v in (x0, x1, y0, y1))
                found.append({"image_id": image["id"], "category_id": 1, "score": float(s),
                              "bbox": [float(x0 * wide), float(y0 * high), float((x1 - x0) * wide), float((y1 - y0) * high)]})
        return found

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotations)
        with ThreadPoolExecutor(threads, initializer=start) as pool:
            found = [d for some in pool.map(detect, truth.dataset["images"]) for d in some]
        e = COCOeval(truth, truth.loadRes(found), "bbox")
        e.evaluate()
        e.accumulate()
        e.summarize()
    print(e.stats[0])


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
else:
    evaluate(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
