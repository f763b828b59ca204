"""The peer of `corallite serve`: the same answers by FastAPI, LiteRT and OpenCV. LABELS PORT ENGINES NAME=MODEL...

The first model is the detector.

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

labels, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [line.strip() for line in open(labels)]
cv2.setNumThreads(1)
datatypes = {numpy.uint8: "UINT8", numpy.float32: "FP32"}


class Model:
    def __init__(self, path):
        self.engines = queue.Queue()
        for _ in range(count):
            engine = Interpreter(model_path=path, num_threads=1)
            engine.allocate_tensors()
            self.engines.put(engine)
        self.input = engine.get_input_details()[0]
        self.outputs = engine.get_output_details()

    def run(self, tensor):
        engine = self.engines.get()
        try:
            engine.set_tensor(self.input["index"], tensor)
            engine.invoke()
            return [engine.get_tensor(o["index"]) for o in self.outputs]
        finally:
            self.engines.put(engine)


models = {name: Model(path) for name, path in (arg.split("=", 1) for arg in sys.argv[4:])}
detector = next(iter(models.values()))
size = tuple(detector.input["shape"][2:0:-1])
app = FastAPI()


@app.post("/v1/vision/detection")
def detection(image: bytes = File(), min_confidence: float = Form(0.4)):
    began = time.monotonic()
    picture = cv2.imdecode(numpy.frombuffer(image, numpy.uint8), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    small = cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_BGR2RGB)
    boxes, classes, scores, _ = detector.run(small[None])
    found = []
    for box, label, score in zip(boxes[0], classes[0], scores[0]):
        if score >= min_confidence:
            top, left, bottom, right = box
            found.append({
                "label": names[int(label)], "confidence": float(score),
                "x_min": int(left * width), "y_min": int(top * height), "x_max": int(right * width), "y_max": int(bottom * height),
            })
    return {"success": True, "predictions": found, "duration": int((time.monotonic() - began) * 1000)}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: Request):
    body = await request.body()
    model = models[name]
    length = int(request.headers["inference-header-content-length"])
    header = json.loads(body[:length])
    asked = header["inputs"][0]
    tensor = numpy.frombuffer(body, model.input["dtype"], offset=length).reshape(asked["shape"])
    results = await run_in_threadpool(model.run, tensor)
    reply = {"model_name": name, "model_version": "1", "outputs": [
        {"name": o["name"], "datatype": datatypes[o["dtype"]], "shape": list(r.shape), "parameters": {"binary_data_size": r.nbytes}}
        for o, r in zip(model.outputs, results)
    ]}
    text = json.dumps(reply).encode()
    return Response(b"".join([text, *(r.tobytes() for r in results)]), media_type="application/octet-stream", headers={"Inference-Header-Content-Length": str(len(text))})


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", http="httptools", loop="uvloop", access_log=False)
