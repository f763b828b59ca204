"""The peer of `corallite serve`: the same answers by FastAPI, LiteRT and OpenCV. MODEL LABELS PORT ENGINES.

DeepStack's /v1/vision/detection, and inference by the Open Inference Protocol with binary tensors. Requests run in
FastAPI's threads (decoding, resizing and LiteRT leave Python's lock); each engine has one thread, as is best for
several requests at once. It is started with uvicorn's httptools and uvloop.
"""

import json
import queue
import sys
import time

import cv2
import numpy
import uvicorn
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI, File, Form, Request, Response
from starlette.concurrency import run_in_threadpool

model, labels, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
names = [line.strip() for line in open(labels)]
cv2.setNumThreads(1)
engines = queue.Queue()
for _ in range(count):
    engine = Interpreter(model_path=model, num_threads=1)
    engine.allocate_tensors()
    engines.put(engine)
about = engine.get_input_details()[0]
outputs = engine.get_output_details()
app = FastAPI()


def run(tensor):
    engine = engines.get()
    try:
        engine.set_tensor(about["index"], tensor)
        engine.invoke()
        return [engine.get_tensor(o["index"]) for o in outputs]
    finally:
        engines.put(engine)


@app.post("/v1/vision/detection")
def detection(image: bytes = File(), min_confidence: float = Form(0.4)):
    began = time.monotonic()
    picture = cv2.imdecode(numpy.frombuffer(image, numpy.uint8), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    small = cv2.cvtColor(cv2.resize(picture, (about["shape"][2], about["shape"][1])), cv2.COLOR_BGR2RGB)
    boxes, classes, scores, _ = run(small[None])
    found = []
    for box, label, score in zip(boxes[0], classes[0], scores[0]):
        if score >= min_confidence:
            top, left, bottom, right = box
            found.append({
                "label": names[int(label)], "confidence": float(score),
                "x_min": int(left * width), "y_min": int(top * height), "x_max": int(right * width), "y_max": int(bottom * height),
            })
    return {"success": True, "predictions": found, "duration": int((time.monotonic() - began) * 1000)}


@app.post("/v2/models/coco/infer")
async def infer(request: Request):
    body = await request.body()
    length = int(request.headers["inference-header-content-length"])
    header = json.loads(body[:length])
    asked = header["inputs"][0]
    tensor = numpy.frombuffer(body, about["dtype"], offset=length).reshape(asked["shape"])
    results = await run_in_threadpool(run, tensor)
    reply = {"model_name": "coco", "model_version": "1", "outputs": [
        {"name": o["name"], "datatype": "FP32", "shape": list(r.shape), "parameters": {"binary_data_size": r.nbytes}} for o, r in zip(outputs, results)
    ]}
    text = json.dumps(reply).encode()
    return Response(b"".join([text, *(r.tobytes() for r in results)]), media_type="application/octet-stream", headers={"Inference-Header-Content-Length": str(len(text))})


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", http="httptools", loop="uvloop", access_log=False)
