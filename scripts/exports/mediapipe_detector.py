#!/usr/bin/env python3
"""Makes a small detector with the head of EfficientDet-Lite and no suppression, has MediaPipe's own metadata writer describe it
(which is what MediaPipe's efficientdet_lite0.tflite and Model Maker's exports carry), and writes what MediaPipe's own
ObjectDetector finds with it. The weights are seeded and not trained. Anchors are those of google/automl.

In a virtual environment with Python 3.11:

    git clone https://github.com/google/automl && git -C automl checkout 6a54c87
    pip install mediapipe==0.10.14 tensorflow-cpu==2.17.1
    PYTHONPATH=automl/efficientdet python -P scripts/exports/mediapipe_detector.py \
        ../shared/testdata/images/cat.bmp pipeline/vision/testdata/mediapipe_detector
"""
import json
import sys
import unittest.mock

import numpy as np
import tensorflow as tf

for name in ("object_detection", "tensorflow_model_optimization"):  # imported by automl, and not used here
    sys.modules[name] = unittest.mock.MagicMock()
import cv2
import mediapipe as mp
from mediapipe.tasks.python import vision
from mediapipe.tasks.python.core.base_options import BaseOptions
from mediapipe.tasks.python.metadata.metadata_writers import metadata_info, metadata_writer, object_detector
from tf2 import anchors as automl

SIDE, CLASSES, LEVELS = 96, 4, range(3, 8)
CONF, MOST = 0.3, 25
rng = np.random.default_rng(5)


def weights(*shape):
    return tf.constant(rng.normal(0, 1, shape).astype(np.float32))


def spread(x, mean, deviation):
    """Scales values as they are for the picture to that mean and deviation."""
    now = (float(tf.reduce_mean(x)), max(float(tf.math.reduce_std(x)), 1e-3))
    return lambda v: (v - now[0]) * (deviation / now[1]) + mean


def network(picture):
    """A function from a picture to boxes [1,N,4] and scores [1,N,C]."""
    layers, x, heads = [], picture, []
    for level in range(1, LEVELS[-1] + 1):
        w = weights(3, 3, x.shape[3], 6)
        y = tf.nn.conv2d(x, w, 2, "SAME")
        scale = spread(y, 0, 1)
        layers.append((w, scale))
        x = tf.tanh(scale(y))
        if level in LEVELS:
            b, s = weights(1, 1, 6, 9 * 4), weights(1, 1, 6, 9 * CLASSES)
            heads.append((level, b, s, spread(tf.nn.conv2d(x, b, 1, "SAME"), 0, 0.15),
                          spread(tf.nn.conv2d(x, s, 1, "SAME"), -2 if level < 6 else -6, 1.5)))  # no boxes larger than the picture

    @tf.function(input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32, name="image")])
    def run(x):
        boxes, scores, level = [], [], 0
        for w, scale in layers:
            level += 1
            x = tf.tanh(scale(tf.nn.conv2d(x, w, 2, "SAME")))
            for l, b, s, sb, ss in heads:
                if l == level:
                    boxes.append(tf.reshape(sb(tf.nn.conv2d(x, b, 1, "SAME")), [1, -1, 4]))
                    scores.append(tf.reshape(ss(tf.nn.conv2d(x, s, 1, "SAME")), [1, -1, CLASSES]))
        return {"boxes": tf.concat(boxes, 1), "scores": tf.concat(scores, 1)}

    return run


picture, to = sys.argv[1:]
bgr = cv2.resize(cv2.imread(picture), (SIDE, SIDE))  # the input's size: MediaPipe scales pictures in its own way
shown = bgr[..., ::-1][None].astype(np.float32)
run = network(tf.constant((shown - 127) / 128))
plain = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run).convert()
boxes = automl.Anchors(LEVELS[0], LEVELS[-1], 3, [1.0, 2.0, 0.5], 3.0, (SIDE, SIDE)).boxes.numpy() / SIDE
described = object_detector.MetadataWriter.create_for_models_without_nms(
    bytearray(plain), [127.0], [128.0], metadata_writer.Labels().add([f"thing {i}" for i in range(CLASSES)]),
    ssd_anchors_options=object_detector.SsdAnchorsOptions(object_detector.FixedAnchorsSchema([
        object_detector.FixedAnchor(x_center=float((a[1] + a[3]) / 2), y_center=float((a[0] + a[2]) / 2), width=float(a[3] - a[1]), height=float(a[2] - a[0]))
        for a in boxes])),
    tensors_decoding_options=object_detector.TensorsDecodingOptions(
        num_classes=CLASSES, num_boxes=len(boxes), num_coords=4, keypoint_coord_offset=0, num_keypoints=0, num_values_per_keypoint=2,
        x_scale=1, y_scale=1, w_scale=1, h_scale=1, apply_exponential_on_box_size=True, sigmoid_score=True),
    output_tensors_order=metadata_info.RawDetectionOutputTensorsOrder.LOCATION_SCORE)
described, _ = described.populate()
with open(to + ".tflite", "wb") as f:
    f.write(described)

options = vision.ObjectDetectorOptions(BaseOptions(model_asset_buffer=bytes(described)), score_threshold=CONF, max_results=MOST)
with vision.ObjectDetector.create_from_options(options) as detector:
    found = detector.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(bgr[..., ::-1]))).detections
objects = [{"class": int(d.categories[0].category_name.split()[1]), "label": d.categories[0].category_name, "score": round(d.categories[0].score, 5),
            "box": [d.bounding_box.origin_x, d.bounding_box.origin_y, d.bounding_box.origin_x + d.bounding_box.width, d.bounding_box.origin_y + d.bounding_box.height]}
           for d in found]
with open(to + ".json", "w") as f:
    json.dump({"tool": f"mediapipe {mp.__version__}, tasks.vision.ObjectDetector", "conf": CONF, "most": MOST, "objects": objects}, f, separators=(",", ":"))
    f.write("\n")
print(len(described), len(boxes), len(objects), objects[:3])
