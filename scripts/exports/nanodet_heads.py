#!/usr/bin/env python3
"""Writes what NanoDet's own post-processing makes of outputs of NanoDet's and NanoDet-Plus' heads, as pipeline/vision's tests
compare them; and of what a real export of NanoDet-m finds in pictures, put in as its demos for fixed inputs do.

The outputs of the heads are made by the rule of seeded(), with many boxes that overlap. Needs Python 3.11:

    git clone https://github.com/RangiLyu/nanodet && git -C nanodet checkout be9b4a9
    git clone https://github.com/FWYsimon/tflite-nanodet && git -C tflite-nanodet checkout d8550de -- models/nanodet_320.tflite
    python3 -m venv venv && venv/bin/pip install torch==2.5.1 torchvision==0.20.1 pytorch-lightning==1.9.5 "setuptools<81" \
        "numpy<2.2" opencv-python-headless pycocotools tabulate termcolor omegaconf imagesize matplotlib ai-edge-litert==2.3.0
    PYTHONPATH=nanodet venv/bin/python scripts/exports/nanodet_heads.py tflite-nanodet/models/nanodet_320.tflite \
        ../shared/testdata/images pipeline/vision/testdata/nanodet.json
    cp tflite-nanodet/models/nanodet_320.tflite .native/exports/nanodet.tflite
"""
import json
import sys

import cv2
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from nanodet.model.head.gfl_head import GFLHead, Integral
from nanodet.model.head.nanodet_plus_head import NanoDetPlusHead

WIDTH, HEIGHT, CLASSES, BINS = 128, 96, 3, 8
CONF = 0.5
PICTURES, LEAST = ["cat.bmp", "kite_and_cold.jpg", "burger.jpg", "cats_and_dogs.jpg"], 0.4
MEAN, STD = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]  # nanodet-m.yml, normalize


def head(kind, classes, strides):
    h = kind.__new__(kind)
    torch.nn.Module.__init__(h)
    h.num_classes, h.reg_max, h.strides, h.distribution_project = classes, BINS - 1, strides, Integral(BINS - 1)
    return h


def seeded(seed, n):
    """n numbers from 0 to 1 of a linear congruential generator, which the test makes in the same way."""
    out, x = np.empty(n), seed
    for i in range(n):
        x = (1664525 * x + 1013904223) % 2**32
        out[i] = x / 2**32
    return out


def rows(dets, labels, least):
    return [{"class": int(c), "score": round(float(d[4]), 5), "box": [round(float(v), 3) for v in d[:4]]} for d, c in zip(dets, labels) if d[4] >= least]


def made(seed, kind, strides):
    """What a head makes of an output, in pixels of the input."""
    n = sum(-(-WIDTH // s) * -(-HEIGHT // s) for s in strides)
    v = seeded(seed, n * (CLASSES + 4 * BINS)).reshape(1, n, -1).astype(np.float32)
    v[..., :CLASSES] **= 4  # most are low
    v[..., CLASSES:] *= 6
    scores = v[..., :CLASSES] * (v[..., :CLASSES] == v[..., :CLASSES].max(-1, keepdims=True))  # the best class of each place
    logits = torch.logit(torch.from_numpy(scores.clip(1e-7, 1 - 1e-7)))
    h = head(kind, CLASSES, strides)
    return rows(*h.get_bboxes(logits, torch.from_numpy(v[..., CLASSES:]), {"img": torch.zeros(1, 3, HEIGHT, WIDTH)})[0], CONF)


def found(interpreter, path):
    """What a model finds in a picture, in pixels of it."""
    raw = cv2.imread(path)
    height, width = raw.shape[:2]
    scale = 320 / max(height, width)  # as resize_uniform of demo_ncnn/main.cpp, in the middle of black
    w, h = int(width * scale), int(height * scale)
    left, top = (320 - w) // 2, (320 - h) // 2
    put = np.zeros((320, 320, 3), np.uint8)
    put[top : top + h, left : left + w] = cv2.resize(raw, (w, h))
    put = ((put.astype(np.float32) - MEAN) / STD).astype(np.float32)
    warp = np.array([[w / width, 0, left], [0, h / height, top], [0, 0, 1]])
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(inputs[0]["index"], put.transpose(2, 0, 1)[None].copy())
    interpreter.invoke()
    out = torch.from_numpy(interpreter.get_tensor(outputs[0]["index"]))
    classes = out.shape[2] - 4 * BINS
    out[..., :classes] = torch.logit(out[..., :classes], eps=1e-7)
    whole = {"img": torch.zeros(1, 3, 320, 320), "warp_matrix": [warp],
             "img_info": {"height": [height], "width": [width], "id": [0]}}
    by_class = head(GFLHead, classes, [8, 16, 32]).post_process(out, whole)[0]
    all_rows = [r for c, dets in by_class.items() for r in rows(dets, [c] * len(dets), LEAST)]
    return sorted(all_rows, key=lambda r: -r["score"])


model, folder, to = sys.argv[1:]
interpreter = Interpreter(model)
interpreter.allocate_tensors()
answer = {
    "tool": "github.com/RangiLyu/nanodet at be9b4a9", "width": WIDTH, "height": HEIGHT, "classes": CLASSES, "conf": CONF, "least": LEAST,
    "heads": {"nanodet": made(1, GFLHead, [8, 16, 32]), "nanodet_plus": made(2, NanoDetPlusHead, [8, 16, 32, 64])},
    "pictures": {p: found(interpreter, f"{folder}/../wild/{p}" if p in ("burger.jpg", "cats_and_dogs.jpg") else f"{folder}/{p}") for p in PICTURES},
}
with open(to, "w") as f:
    json.dump(answer, f, separators=(",", ":"))
    f.write("\n")
