#!/usr/bin/env python3
"""Writes what Ultralytics' own post-processing makes of outputs of YOLO heads, as pipeline/vision's tests compare them.

The outputs are made by the rule of seeded() and not by a trained model, with many boxes that overlap: what is compared is
scores, classes, suppression, masks, key points and angles. Needs ultralytics 8.4.190 and torch:

    python3 scripts/exports/yolo_heads.py pipeline/vision/testdata/yolo_heads.json
"""
import json
import os
import sys

os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"
import numpy as np
import torch
from ultralytics import __version__
from ultralytics.utils import nms, ops

WIDTH, HEIGHT = 128, 96  # of the input, in pixels
BOXES = 16 * 12 + 8 * 6 + 4 * 3
CONF, IOU, MOST = 0.5, 0.45, 40


def seeded(seed, n):
    """n numbers from 0 to 1 of a linear congruential generator, which the test makes in the same way."""
    out, x = np.empty(n), seed
    for i in range(n):
        x = (1664525 * x + 1013904223) % 2**32
        out[i] = x / 2**32
    return out


def head(seed, classes, extra):
    """[1, 4 + classes + extra, BOXES], in pixels of the input. A score is the fourth power of a number: most are low."""
    v = seeded(seed, (4 + classes + extra) * BOXES).reshape(1, -1, BOXES)
    v[:, 0] *= WIDTH
    v[:, 1] *= HEIGHT
    v[:, 2:4] = 8 + 40 * v[:, 2:4]
    v[:, 4 : 4 + classes] **= 4
    return torch.from_numpy(v.astype(np.float32))


def numbers(t):
    return [round(float(x), 4) for x in t]


def suppressed(prediction, classes, **more):
    return nms.non_max_suppression(prediction, CONF, IOU, max_det=MOST, nc=classes, **more)[0]


def runs(mask):
    """Where the runs of ones of a mask begin and end, row by row."""
    flat = np.concatenate([[0], mask.numpy().reshape(-1).astype(np.int8), [0]])
    return [int(i) for i in np.flatnonzero(np.diff(flat))]


def main():
    golden = {"ultralytics": __version__, "width": WIDTH, "height": HEIGHT, "boxes": BOXES, "conf": CONF, "iou": IOU, "most": MOST}

    golden["detect"] = [numbers(r) for r in suppressed(head(1, 5, 0), 5)]

    p = head(2, 3, 8)  # segment: 8 factors from -1 to 1, prototypes of a quarter of the input
    p[:, 7:] = 2 * p[:, 7:] - 1
    protos = torch.from_numpy((2 * seeded(3, 8 * 24 * 32) - 1).astype(np.float32)).reshape(8, 24, 32)
    found = suppressed(p, 3)
    masks = ops.process_mask(protos, found[:, 6:], found[:, :4], (HEIGHT, WIDTH), upsample=True)
    golden["segment"] = [{"row": numbers(r[:6]), "runs": runs(m)} for r, m in zip(found, masks)]

    p = head(4, 2, 15)  # pose: 5 key points, x, y and score
    for k in range(5):
        p[:, 6 + 3 * k] *= WIDTH
        p[:, 7 + 3 * k] *= HEIGHT
    golden["pose"] = [numbers(r) for r in suppressed(p, 2)]

    p = head(5, 2, 1)  # obb: an angle from -pi/4 to 3/4 pi
    p[:, 6] = (p[:, 6] - 0.25) * np.pi
    p[:, 2] *= 2
    found = suppressed(p, 2, rotated=True)
    corners = ops.xywhr2xyxyxyxy(torch.cat([found[:, :4], found[:, 6:]], 1))
    golden["obb"] = [{"row": numbers(r), "corners": numbers(c.reshape(-1))} for r, c in zip(found, corners)]

    with open(sys.argv[1], "w") as f:
        json.dump(golden, f, separators=(",", ":"))
        f.write("\n")


main()
