#!/usr/bin/env python3
"""Exports small YOLO models with Ultralytics' own exporter, and writes what Ultralytics' own predictor finds with each.

The models have the heads of YOLO11 and YOLO26 behind a few layers, and seeded weights that find nothing in particular:
what the tests compare is how pictures are put in, what the file says of itself, and how its outputs become boxes, masks, key
points and angles. Needs Python 3.11 and a minute a model:

    python3 -m venv venv && venv/bin/pip install ultralytics==8.4.190 litert-torch==0.10.0 ai-edge-quantizer==0.10.0
    venv/bin/python scripts/exports/yolo_models.py ../shared/testdata/images/cat.bmp .native/exports
    go test -tags exports -run TestUltralyticsExports ./pipeline/vision
"""
import json
import os
import shutil
import sys
import tempfile
import zipfile

os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"
import cv2
import numpy as np
import torch
from ultralytics import YOLO

SIDE = 128  # of the input
CONF, IOU, MOST = 0.3, 0.45, 20
LAYERS = """
nc: {nc}
reg_max: {reg}
{more}
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
head:
  - [[2, 3, 4], 1, {head}]
"""
MODELS = {
    "yolo11": {"nc": 5, "reg": 4, "head": "Detect, [nc]", "task": "detect"},
    "yolo11-seg": {"nc": 3, "reg": 4, "head": "Segment, [nc, 8, 8]", "task": "segment"},
    "yolo11-pose": {"nc": 2, "reg": 4, "head": "Pose, [nc, kpt_shape]", "more": "kpt_shape: [5, 3]", "task": "pose"},
    "yolo11-obb": {"nc": 4, "reg": 4, "head": "OBB, [nc, 1]", "task": "obb"},
    "yolo11-int8": {"nc": 5, "reg": 4, "head": "Detect, [nc]", "task": "detect", "int8": True},
    "yolo26": {"nc": 5, "reg": 1, "head": "Detect, [nc]", "more": "end2end: True", "task": "detect"},
    "yolo26-seg": {"nc": 3, "reg": 1, "head": "Segment26, [nc, 8, 8]", "more": "end2end: True", "task": "segment"},
    "yolo26-pose": {"nc": 1, "reg": 1, "head": "Pose26, [nc, kpt_shape]", "more": "end2end: True\nkpt_shape: [17, 3]", "task": "pose"},
    "yolo26-obb": {"nc": 4, "reg": 1, "head": "OBB26, [nc, 1]", "more": "end2end: True", "task": "obb"},
}


def letterboxed(path):
    from ultralytics.data.augment import LetterBox

    im = LetterBox((SIDE, SIDE), auto=False)(image=cv2.imread(path))
    return torch.from_numpy(np.ascontiguousarray(im[..., ::-1].transpose(2, 0, 1)[None])).float() / 255


def spread(model, picture, end2end):
    """Gives seeded weights such statistics that layers neither fade nor saturate, and outputs spread over their ranges."""
    net = model.model
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = None  # the mean of all batches
    net.train()
    batch = torch.cat([picture, picture.flip(3), picture.flip(2)])
    sides = (2.5, 0.4) if end2end else (0.8, 1.2)  # distances themselves, or the distribution of them
    with torch.no_grad():
        for _ in range(4):
            net(batch)
        net.eval()
        head = net.model[-1]
        last = []  # the convolutions that give boxes, scores and the rest, with the mean and deviation that they get
        for prefix in ("", "one2one_"):
            for name, mean, deviation in (("cv2", *sides), ("cv3", -3, 2), ("cv4", 0, 1.5), ("cv4_kpts", 0, 1.5)):
                for layer in getattr(head, prefix + name, None) or []:
                    conv = layer if isinstance(layer, torch.nn.Conv2d) else layer[-1]
                    if isinstance(conv, torch.nn.Conv2d):
                        last.append((conv, mean, deviation))
        seen = {}
        hooks = [c.register_forward_hook(lambda m, i, o: seen.__setitem__(m, o)) for c, _, _ in last]
        net(picture)
        for h in hooks:
            h.remove()
        for conv, mean, deviation in last:
            if conv in seen:
                out = seen[conv]
                scale = deviation / out.std(dim=(0, 2, 3)).clamp(min=1e-3)
                conv.bias.copy_(mean - (out.mean(dim=(0, 2, 3)) - conv.bias) * scale)
                conv.weight.mul_(scale[:, None, None, None])


def quantized(path, picture):
    """Makes inputs, outputs and all between them int8, as exporters for accelerators do, and keeps what is packed into the file."""
    from ai_edge_quantizer import quantizer, recipe

    with zipfile.ZipFile(path) as z:
        text = z.read("metadata.json")
    q = quantizer.Quantizer(path)
    q.load_quantization_recipe(recipe.static_wi8_ai8())
    made = q.calibrate({"serving_default": [{"args_0": p.numpy()} for p in (picture, picture.flip(3))]})
    q.quantize(calibration_result=made).export_model(path, overwrite=True)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as z:
        z.writestr("metadata.json", text)


def runs(mask):
    """Where the runs of ones of a mask begin and end, row by row."""
    flat = np.concatenate([[0], mask.reshape(-1).astype(np.int8), [0]])
    return [int(i) for i in np.flatnonzero(np.diff(flat))]


def numbers(t):
    return [round(float(x), 4) for x in t]


def found(path, picture, task):
    r = YOLO(path, task=task).predict(picture, imgsz=SIDE, conf=CONF, iou=IOU, max_det=MOST, verbose=False, save=False)[0]
    things = r.obb if task == "obb" else r.boxes
    objects = []
    for i in range(len(things)):
        one = {"class": int(things.cls[i]), "score": round(float(things.conf[i]), 5), "box": numbers(things.xyxy[i])}
        if task == "obb":
            one["xywhr"] = numbers(things.xywhr[i])
        if task == "pose":
            one["points"] = [numbers(p) for p in r.keypoints.data[i]]
        if task == "segment":
            one["runs"] = runs(r.masks.data[i].numpy())
        objects.append(one)
    return {"task": task, "side": SIDE, "conf": CONF, "iou": IOU, "most": MOST, "names": list(r.names.values()), "objects": objects}


def main(picture, folder, *names):
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for name in names or MODELS:
            m = {"more": "", **MODELS[name]}
            torch.manual_seed(7)
            with open(f"{work}/{name}.yaml", "w") as f:
                f.write(LAYERS.format(**m))
            model = YOLO(f"{work}/{name}.yaml", task=m["task"])
            spread(model, letterboxed(picture), m["reg"] == 1)
            model.model.names = {i: f"thing {i}" for i in range(m["nc"])}
            model.ckpt_path = model.model.pt_path = f"{work}/{name}.pt"
            made = model.export(format="litert", imgsz=SIDE, **({"nms": False} if m["more"].startswith("end2end") else {}))
            if m.get("int8"):
                quantized(made, letterboxed(picture))
            to = f"{folder}/{name}.tflite"
            shutil.move(made, to)
            with open(f"{folder}/{name}.json", "w") as f:
                json.dump(found(to, picture, m["task"]), f, separators=(",", ":"))
                f.write("\n")
            print(name, os.path.getsize(to), flush=True)


main(*sys.argv[1:])
