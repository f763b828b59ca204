"""Asks Corallite by Frigate's own detectors: scripts/frigate-detectors. Arguments: ENDPOINT ADDRESS PICTURE MODEL LABELS PID-FILE."""

import logging
import os
import signal
import sys
import time

import cv2
import numpy
from pydantic import TypeAdapter

from frigate.detectors import ModelConfig
from frigate.detectors.detector_types import DetectorConfig, api_types
from frigate.version import VERSION

endpoint, address, picture, model, labels, process = sys.argv[1:]
logging.basicConfig(level=logging.WARNING, format="     Frigate's log: %(message)s", stream=sys.stdout)
names = dict(enumerate(open(labels).read().splitlines()))
failed = 0
CAT = 16


def check(what, ok, seen=""):
    global failed
    failed += not ok
    print(f"{'ok  ' if ok else 'FAIL'} {what}{f': {seen}' if seen else ''}", flush=True)


def detector(kind, path, size=300, **more):
    """A detector as Frigate makes it of its configuration."""
    config = TypeAdapter(DetectorConfig).validate_python({"type": kind, **more})
    config.model = ModelConfig(path=path, labelmap_path=labels, width=size, height=size)
    return api_types[kind](config)  # as create_detector, which needs all detectors' packages


def found(rows):
    return ", ".join(f"{names.get(int(r[0]), int(r[0]))} {r[1]:.2f} at {[round(float(v), 2) for v in r[2:]]}" for r in rows if r[1] > 0.4)


def is_cat(rows):
    return rows.shape == (20, 6) and rows[0][0] == CAT and rows[0][1] > 0.5 and not (rows[:, 1] > 0.5).sum() > 1


print(f"Frigate {VERSION}")
image = cv2.cvtColor(cv2.imread(picture), cv2.COLOR_BGR2RGB)
tensor = cv2.resize(image, (300, 300))[numpy.newaxis]

configured = detector("zmq", "/models/coco.tflite", endpoint=endpoint, request_timeout_ms=10000)
rows = configured.detect_raw(tensor)
check("zmq, a model of Corallite's configuration", is_cat(rows), found(rows))
handed = detector("zmq", model, endpoint=endpoint, request_timeout_ms=10000)
other = handed.detect_raw(tensor)
check("zmq, a model that Frigate hands over", is_cat(other), found(other))
check("zmq, both are the same model", numpy.allclose(rows[0], other[0], atol=0.02))
check("zmq, a black picture", not (configured.detect_raw(numpy.zeros_like(tensor))[:, 1] > 0.5).any())
rows = configured.detect_raw(tensor[:, :200])
check("zmq, a tensor of another size finds nothing", not rows.any())
check("zmq, and the next one is answered", is_cat(configured.detect_raw(tensor)))
bad = detector("zmq", labels, endpoint=endpoint, request_timeout_ms=10000)
check("zmq, a file that is no model finds nothing", not bad.detect_raw(tensor).any())
begin = time.perf_counter()
for _ in range(50):
    configured.detect_raw(tensor)
print(f"     {(time.perf_counter() - begin) / 50 * 1000:.1f} ms a frame")

http = detector("deepstack", "/models/coco.tflite", api_url=address + "/v1/vision/detection", api_timeout=10)
rows = http.detect_raw(tensor)
check("deepstack", is_cat(rows), found(rows))

quick = detector("zmq", "/models/coco.tflite", endpoint=endpoint)  # with Frigate's own limit of 200 ms
check("zmq, with Frigate's own time limit", is_cat(quick.detect_raw(tensor)))
old = int(open(process).read())
os.kill(old, signal.SIGKILL)
for _ in range(3):
    rows = configured.detect_raw(tensor)
for _ in range(60):  # the script starts another
    if is_cat(configured.detect_raw(tensor)):
        break
    time.sleep(0.5)
check("zmq, Corallite is killed and started again", is_cat(configured.detect_raw(tensor)))
print("all is well" if not failed else f"{failed} checks failed")
sys.exit(1 if failed else 0)
