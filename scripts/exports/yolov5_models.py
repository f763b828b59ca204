#!/usr/bin/env python3
"""Exports small YOLOv5 models with yolov5's own export.py, directly and through ONNX and onnx2tf, and writes what yolov5's own
detect.py finds with each export.

The model has YOLOv5's head behind a few layers and seeded weights, as those of yolo_models.py. Needs Python 3.11:

    git clone https://github.com/ultralytics/yolov5 && git -C yolov5 checkout 5081342f04fb287fc2e5f2b5a4e06752b7937b1c
    python3 -m venv venv && venv/bin/pip install torch==2.5.1 torchvision==0.20.1 ultralytics==8.4.190 tensorflow-cpu==2.19.1 \
        tf-keras==2.19.0 onnx==1.17.0 onnxruntime==1.20.1 onnxslim==0.1.82 onnx2tf==1.28.8 onnxsim==0.4.36 onnx_graphsurgeon sng4onnx \
        psutil pandas matplotlib ai-edge-litert==2.3.0 tflite-support==0.4.4
    venv/bin/python scripts/exports/yolov5_models.py yolov5 ../shared/testdata/images/cat.bmp .native/exports
    go test -tags exports -run TestUltralyticsExports ./pipeline/vision
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", TF_USE_LEGACY_KERAS="1", CUDA_VISIBLE_DEVICES="-1")
yolov5 = os.path.abspath(sys.argv[1])
sys.path.insert(0, yolov5)
import cv2
import numpy as np
import torch

SIDE = 160  # of the input: no size of a map is a number of channels, which onnx2tf confuses
CONF, IOU, MOST = 0.3, 0.45, 100
ROUNDING = 3.5  # detect.py gives whole pixels, and takes the bars for up to half a pixel of the input larger than it made them
NAMES = [f"thing {i}" for i in range(6)]
LAYERS = """
nc: 6
depth_multiple: 1
width_multiple: 1
anchors:
  - [10, 13, 16, 30, 33, 23]
  - [30, 61, 62, 45, 59, 119]
  - [60, 40, 80, 90, 110, 70]
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
head:
  - [[2, 3, 4], 1, Detect, [nc, anchors]]
"""


def spread(net, path):
    """Gives seeded weights such statistics that layers neither fade nor saturate, and outputs spread over their ranges."""
    from utils.augmentations import letterbox

    im = letterbox(cv2.imread(path), SIDE, auto=False)[0][..., ::-1].transpose(2, 0, 1)
    picture = torch.from_numpy(np.ascontiguousarray(im[None])).float() / 255
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = None  # the mean of all batches
    with torch.no_grad():
        net.train()
        for _ in range(4):
            net(torch.cat([picture, picture.flip(3), picture.flip(2)]))
        out = net(picture)
        for conv, o in zip(net.model[-1].m, out):
            o = o.permute(0, 1, 4, 2, 3).reshape(-1, o.shape[2] * o.shape[3])  # channels, places
            scale = 2 / o.std(1).clamp(min=1e-3)
            conv.bias.copy_((conv.bias - o.mean(1)) * scale)
            conv.weight.mul_(scale[:, None, None, None])
    net.eval()


def made(folder, path):
    from models.yolo import DetectionModel

    torch.manual_seed(7)
    with open(f"{folder}/small.yaml", "w") as f:
        f.write(LAYERS)
    net = DetectionModel(f"{folder}/small.yaml")
    spread(net, path)
    net.nc, net.names = len(NAMES), dict(enumerate(NAMES))
    torch.save({"model": net}, f"{folder}/small.pt")
    with open(f"{folder}/data.yaml", "w") as f:  # for export.py --int8, which looks at pictures
        os.makedirs(f"{folder}/pictures")
        shutil.copy(path, f"{folder}/pictures/a.bmp")
        f.write(f"path: {folder}\ntrain: pictures\nval: pictures\nnc: 6\nnames: {NAMES}\n")


def run(*args):
    subprocess.run([sys.executable, *args], check=True, cwd=yolov5)


def found(weights, picture, folder):
    """What yolov5's detect.py says: class, middle, size and score of each box, as shares of the picture."""
    run("detect.py", "--weights", weights, "--source", picture, "--imgsz", str(SIDE), "--conf-thres", str(CONF), "--iou-thres", str(IOU),
        "--max-det", str(MOST), "--save-txt", "--save-conf", "--nosave", "--project", folder, "--name", "found", "--exist-ok",
        "--data", f"{folder}/data.yaml")
    height, width = cv2.imread(picture).shape[:2]
    objects = []
    path = f"{folder}/found/labels/{os.path.splitext(os.path.basename(picture))[0]}.txt"
    for line in open(path):
        c, x, y, w, h, score = (float(v) for v in line.split())
        box = [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]
        objects.append({"class": int(c), "score": score, "box": [round(v, 3) for v in box]})
    os.remove(path)
    return sorted(objects, key=lambda o: -o["score"])


def main(picture, to):
    picture, to = os.path.abspath(picture), os.path.abspath(to)
    os.makedirs(to, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["YOLOV5_CONFIG_DIR"] = folder
        open(f"{folder}/Arial.ttf", "w").close()  # looked for, and not used
        # export.py packs names into the file with tflite-support, whose task library does not load in Python 3.11 (two of its
        # parts define the same type), of which export.py says nothing. It is not needed here.
        with open(f"{folder}/sitecustomize.py", "w") as f:
            f.write("import sys, unittest.mock\nsys.modules['tflite_support.task'] = unittest.mock.MagicMock()\n"
                    "sys.modules['tensorflow_lite_support.python.task'] = unittest.mock.MagicMock()\n")
        os.environ["PYTHONPATH"] = folder
        made(folder, picture)
        common = ["export.py", "--weights", f"{folder}/small.pt", "--imgsz", str(SIDE), "--data", f"{folder}/data.yaml"]
        run(*common, "--include", "onnx", "--opset", "12")
        run(*common, "--include", "tflite")
        run(*common, "--include", "tflite", "--int8")
        # Pictures with which onnx2tf compares what it has made; it would download some otherwise.
        np.save(f"{folder}/calibration_image_sample_data_20x128x128x3_float32.npy", np.random.default_rng(1).random((20, 128, 128, 3), np.float32))
        subprocess.run([os.path.join(os.path.dirname(sys.executable), "onnx2tf"), "-i", "small.onnx", "-o", "o"], check=True, cwd=folder)
        kept = {
            "yolov5": (f"{folder}/small-fp16.tflite", f"{folder}/small-fp16.tflite", ""),
            "yolov5-int8": (f"{folder}/small-int8.tflite", f"{folder}/small-int8.tflite", ""),
            # What ONNX Runtime makes of the file that onnx2tf was given.
            "yolov5-onnx2tf": (f"{folder}/o/small_float32.tflite", f"{folder}/small.onnx", "yolov5_pixels"),
            "yolov5-onnx2tf-fp16": (f"{folder}/o/small_float16.tflite", f"{folder}/small.onnx", "yolov5_pixels"),
        }
        for name, (model, asked, decoder) in kept.items():
            shutil.copy(model, f"{to}/{name}.tflite")
            answer = {"task": "detect", "side": SIDE, "conf": CONF, "iou": IOU, "most": MOST, "names": NAMES, "decoder": decoder, "pixels": ROUNDING,
                      "objects": found(asked, picture, folder)}
            with open(f"{to}/{name}.json", "w") as f:
                json.dump(answer, f, separators=(",", ":"))
                f.write("\n")
            print(name, os.path.getsize(f"{to}/{name}.tflite"), len(answer["objects"]), flush=True)


main(*sys.argv[2:])
