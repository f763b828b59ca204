"""Reads cases ({"gt": COCO JSON, "dt": list, "kind": "bbox"|"keypoints"}) from a file, prints pycocotools' rows as JSON."""
import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

rows = []
for case in json.load(open(sys.argv[1])):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = case["gt"]
        gt.createIndex()
        e = COCOeval(gt, gt.loadRes(case["dt"]), case["kind"])
        e.evaluate()
        e.accumulate()
        e.summarize()
    p = e.eval["precision"][:, :, :, 0, -1]
    each = [float(np.mean(v[v > -1])) if (v > -1).any() else -1.0 for v in p.transpose(2, 0, 1)]
    rows.append({"rows": [float(v) for v in e.stats], "categories": each})
json.dump(rows, sys.stdout)
