"""Measures the tracks in a folder (NAME.gt.txt, NAME.tracks.txt) with py-motmetrics and TrackEval, and compares both with NAME.json."""

import contextlib
import io
import json
import pathlib
import sys

import numpy as np

if not hasattr(np, "asfarray"):  # which numpy 2 has no more and motmetrics 1.4.0 calls
    np.asfarray = lambda a, dtype=float: np.asarray(a, dtype=dtype)

import motmetrics
import trackeval


def read(path):
    frames = {}
    for line in path.read_text().split():
        v = [float(x) for x in line.split(",")]
        frames.setdefault(int(v[0]), []).append((int(v[1]), v[2:6]))
    return frames


def iou(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0.0


def measure(truth, found):
    last = max(truth)
    accumulator = motmetrics.MOTAccumulator()
    objects, numbers = {}, {}
    data = {"gt_ids": [], "tracker_ids": [], "similarity_scores": [], "num_timesteps": last}
    for n in range(1, last + 1):
        a, b = truth.get(n, []), found.get(n, [])
        overlaps = np.array([[iou(x[1], y[1]) for y in b] for x in a]).reshape(len(a), len(b))
        accumulator.update([x[0] for x in a], [x[0] for x in b], np.where(overlaps >= 0.5, 1 - overlaps, np.nan), frameid=n)
        data["gt_ids"].append(np.array([objects.setdefault(x[0], len(objects)) for x in a], int))
        data["tracker_ids"].append(np.array([numbers.setdefault(x[0], len(numbers)) for x in b], int))
        data["similarity_scores"].append(overlaps)
    data["num_gt_dets"] = sum(map(len, data["gt_ids"]))
    data["num_tracker_dets"] = sum(map(len, data["tracker_ids"]))
    data["num_gt_ids"], data["num_tracker_ids"] = len(objects), len(numbers)
    names = ["mota", "idf1", "num_switches", "num_fragmentations", "num_misses", "num_false_positives"]
    m = motmetrics.metrics.create().compute(accumulator, metrics=names).iloc[0]
    with contextlib.redirect_stdout(io.StringIO()):
        hota = trackeval.metrics.HOTA().eval_sequence(data)
        identity = trackeval.metrics.Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "MOTA": m["mota"], "IDF1": m["idf1"], "HOTA": hota["HOTA"].mean(), "DetA": hota["DetA"].mean(), "AssA": hota["AssA"].mean(),
        "Switches": int(m["num_switches"]), "Fragments": int(m["num_fragmentations"]), "Misses": int(m["num_misses"]),
        "False": int(m["num_false_positives"]),
    }, identity["IDF1"], len(numbers)


failed = False
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    ours = json.loads(path.read_text())
    stem = str(path)[: -len(".json")]
    theirs, idf1, tracks = measure(read(pathlib.Path(stem + ".gt.txt")), read(pathlib.Path(stem + ".tracks.txt")))
    print(f"{path.stem}: {tracks} tracks; " + ", ".join(f"{k} {v:.6f}" if isinstance(v, float) else f"{k} {v}" for k, v in theirs.items()))
    for name, value in [*theirs.items(), ("IDF1", idf1)]:
        if abs(ours[name] - value) > 1e-6:
            print(f"{path.stem}: {name} is {ours[name]} in Corallite and {value} in the others", file=sys.stderr)
            failed = True
sys.exit(failed)
