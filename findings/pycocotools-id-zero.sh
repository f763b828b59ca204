#!/usr/bin/env bash
# pycocotools: an annotation whose id is 0 counts as never found.
#
# Four boxes, each found exactly. With annotation ids 1 to 4 the average precision is 1. With ids 0 to 3, which any list
# index gives, it is 0.564, and nothing is said. (COCOeval keeps the id of the match and takes 0 for "no match".) The
# format's description asks for unique ids and forbids no 0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pycocotools==2.0.11 numpy==2.2.6
env/bin/python - <<'PY'
import contextlib
import importlib.metadata
import io
import sys
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

print("pycocotools", importlib.metadata.version("pycocotools"))


def average_precision(first):
    """AP over IoU 0.5 to 0.95 of perfect detections of boxes whose ids begin with first."""
    boxes = [{"id": first + i, "image_id": i + 1, "category_id": 1, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0} for i in range(4)]
    found = [{"image_id": b["image_id"], "category_id": 1, "bbox": b["bbox"], "score": 0.9} for b in boxes]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": i + 1, "width": 100, "height": 100} for i in range(4)], "annotations": boxes, "categories": [{"id": 1, "name": "thing"}]}
        truth.createIndex()
        e = COCOeval(truth, truth.loadRes(found), "bbox")
        e.evaluate()
        e.accumulate()
        e.summarize()
    return e.stats[0]


from_one, from_zero = average_precision(1), average_precision(0)
print(f"ids from 1: AP {from_one:.3f}; ids from 0: AP {from_zero:.3f}")
sys.exit(0 if from_one > 0.999 and abs(from_zero - 0.564) < 0.001 else "this has changed")
PY
