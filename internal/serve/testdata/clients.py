"""Asks a server of Corallite by the clients that others have made: ADDRESS ZMQ PICTURE MODEL. Prints what they got as JSON."""

import json
import sys

import numpy
import tritonclient.http
import zmq
from codeprojectai.core import CodeProjectAIObject
from deepstack.core import DeepstackException, DeepstackObject, DeepstackScene
from deepstack_sdk import Detection, ServerConfig
from pydoods import PyDOODS

address, endpoint, picture, model = sys.argv[1:]
host, port = address.split("//")[1].split(":")
data = open(picture, "rb").read()
got = {}

found = Detection(ServerConfig(address)).detectObject(picture, min_confidence=0.4)
got["deepstack-sdk"] = [[o.label, o.confidence, o.x_min, o.y_min, o.x_max, o.y_max] for o in found]


def boxes(predictions):
    return [[p[k] for k in ("label", "confidence", "x_min", "y_min", "x_max", "y_max")] for p in predictions]


got["deepstack-python"] = boxes(DeepstackObject(host, int(port)).detect(data))
got["codeproject-ai-api"] = boxes(CodeProjectAIObject(host, int(port)).detect(data))
try:
    DeepstackScene(host, int(port)).recognize(data)
except DeepstackException as e:
    got["scene"] = str(e)

doods = PyDOODS(address, "", 60)
listed = doods.get_detectors()
got["detectors"] = [d["name"] for d in (listed["detectors"] if isinstance(listed, dict) else listed)]
got["pydoods"] = doods.detect(data, {"cat": 40})["detections"]

triton = tritonclient.http.InferenceServerClient(f"{host}:{port}", network_timeout=60)
assert triton.is_server_live() and triton.is_server_ready() and triton.is_model_ready("coco")
about = triton.get_model_metadata("coco")["inputs"][0]
got["input"] = about
pixels = numpy.random.default_rng(1).integers(0, 256, about["shape"], dtype=numpy.uint8)


def infer(binary):
    tensor = tritonclient.http.InferInput(about["name"], about["shape"], about["datatype"])
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    outputs = [tritonclient.http.InferRequestedOutput(o["name"], binary_data=binary) for o in triton.get_model_metadata("coco")["outputs"]]
    reply = triton.infer("coco", [tensor], outputs=None if binary else outputs)
    return [reply.as_numpy(o.name()).ravel().tolist() for o in outputs]


got["binary"], got["json"] = infer(True), infer(False)

socket = zmq.Context().socket(zmq.REQ)
socket.setsockopt(zmq.RCVTIMEO, 60000)
socket.connect(endpoint)


def ask(header, *parts):
    socket.send_multipart([json.dumps(header).encode(), *parts])
    return socket.recv_multipart()[0]


got["model_request"] = json.loads(ask({"model_request": True, "model_name": "model.tflite"}))
got["model_data"] = json.loads(ask({"model_data": True, "model_name": "model.tflite"}, open(model, "rb").read()))
answer = ask({"shape": about["shape"], "dtype": "uint8", "model_type": "ssd"}, pixels.tobytes())
got["rows"] = numpy.frombuffer(answer, numpy.float32).reshape(20, 6).tolist()
print(json.dumps(got))
