"""What SAHI answers on made-up pictures and boxes, as JSON. Run by scripts/tiles."""

import json
import random
import sys

from sahi.postprocess.combine import GreedyNMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction
from sahi.slicing import get_slice_bboxes

rng = random.Random(14)


def tiles():
    for width, height, w, h, overlap in [
        (1352, 900, 300, 300, 0.2), (768, 576, 300, 300, 0.2), (300, 300, 300, 300, 0.2), (301, 300, 300, 300, 0.2),
        (100, 50, 300, 300, 0.2), (1920, 1080, 640, 384, 0.25), (1000, 900, 333, 217, 0.37), (640, 641, 320, 320, 0.0),
        (500, 400, 200, 100, 0.5), (700, 130, 128, 128, 0.9),
    ]:  # fmt: skip
        boxes = get_slice_bboxes(height, width, h, w, False, overlap, overlap)
        yield {"picture": [width, height], "tile": [w, h], "overlap": overlap, "boxes": boxes}


def boxes():
    """Objects that several tiles have seen, whole or in part, with neighbours; whole numbers, so that sums are exact."""
    found = []
    for _ in range(rng.randint(1, 12)):
        x, y, w, h = rng.randint(0, 300), rng.randint(0, 300), rng.randint(8, 90), rng.randint(8, 90)
        for _ in range(rng.randint(1, 4)):
            left, top = x + rng.randint(-w // 3, w // 3), y + rng.randint(-h // 3, h // 3)
            box = [left, top, left + rng.randint(w // 2, w), top + rng.randint(h // 2, h)]
            # Scores of few steps, as quantized models give them: many are equal.
            found.append([*[max(0, v) for v in box], rng.randint(64, 96) / 128, rng.randint(0, 1)])
    return found


def merged(found, how, metric, threshold):
    post = how(match_threshold=threshold, match_metric=metric, class_agnostic=False)
    out = post([ObjectPrediction(bbox=f[:4], score=f[4], category_id=f[5]) for f in found])
    return sorted([*[int(v) for v in o.bbox.to_xyxy()], o.score.value, o.category.id] for o in out)


def merges():
    for _ in range(12):
        found = boxes()
        answers = []
        for name, how in [("nms", NMSPostprocess), ("nmm", GreedyNMMPostprocess)]:
            for metric in ["IOS", "IOU"]:
                for threshold in [0.3, 0.5, 0.7]:
                    answers.append({"merge": name, "metric": metric.lower(), "threshold": threshold,
                                    "found": merged(found, how, metric, threshold)})  # fmt: skip
        yield {"boxes": found, "answers": answers}


def lines(name, all_of_them, end):
    print(f' "{name}": [\n' + ",\n".join(json.dumps(one, separators=(",", ":")) for one in all_of_them) + f"\n ]{end}")


print('{\n "by": "sahi 0.12.8",')
lines("tiles", tiles(), ",")
lines("merges", merges(), "")
print("}")
sys.stdout.flush()
