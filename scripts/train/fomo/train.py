#!/usr/bin/env python3
"""Trains the FOMO model that pipeline/vision's tests read, and writes what LiteRT says of one picture.

The architecture is that which Edge Impulse published for FOMO: MobileNetV2 0.35 cut at block_6_expand_relu, a convolution with
32 filters, and one with a softmax over the background and the classes, which leaves a cell for each 8 x 8 pixels; the loss
counts cells with an object 100 times. It learns to tell discs from squares in made-up pictures. In a virtual environment with
Python 3.9 to 3.12:

    pip install tensorflow-cpu==2.17.1 pillow==12.0.0
    python scripts/train/fomo/train.py pipeline/vision/testdata
"""
import json
import sys

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

SIZE, CELLS, CLASSES = 96, 12, ["disc", "square"]
OUT = sys.argv[1]
tf.keras.utils.set_random_seed(7)


def picture(random, size=SIZE):
    """A picture with up to four objects that do not touch, and the class of each cell."""
    low, high = np.sort(random.integers(60, 200, (2, 3)), axis=0)
    noise = random.integers(low, high + 1, (size // 8, size // 8, 3)).astype(np.uint8)
    image = Image.fromarray(noise).resize((size, size), Image.BICUBIC)
    draw = ImageDraw.Draw(image)
    cells = np.zeros((CELLS, CELLS), np.int64)
    for _ in range(random.integers(0, 5)):
        row, column = random.integers(1, CELLS - 1, 2)
        if cells[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4].any():
            continue
        kind, r = int(random.integers(2)), float(random.uniform(5, 8))
        x, y = column * 8 + random.uniform(2, 6), row * 8 + random.uniform(2, 6)
        colour = tuple(int(v) for v in random.choice([random.integers(0, 40, 3), random.integers(215, 256, 3)]))
        (draw.ellipse if kind == 0 else draw.rectangle)([x - r, y - r, x + r, y + r], fill=colour)
        cells[row, column] = 1 + kind
    return np.asarray(image), cells


def batch(random, n):
    images, cells = zip(*(picture(random) for _ in range(n)))
    return np.stack(images).astype(np.float32) / 255, tf.one_hot(np.stack(cells), 1 + len(CLASSES)).numpy()


def loss(truth, scores):
    weight = 1 + 99 * (1 - truth[..., 0])
    return tf.reduce_mean(weight * tf.keras.losses.categorical_crossentropy(truth, scores))


base = tf.keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=None)
cut = base.get_layer("block_6_expand_relu").output
head = tf.keras.layers.Conv2D(32, 1, activation="relu")(cut)
scores = tf.keras.layers.Conv2D(1 + len(CLASSES), 1, activation="softmax")(head)
model = tf.keras.Model(base.input, scores)
for layer in model.layers:  # the usual 0.999 takes longer than this training
    if isinstance(layer, tf.keras.layers.BatchNormalization):
        layer.momentum = 0.9
random = np.random.default_rng(7)
images, truth = batch(random, 3000)
model.compile(tf.keras.optimizers.Adam(3e-3), loss)
model.fit(images, truth, batch_size=32, epochs=int(sys.argv[2]) if len(sys.argv) > 2 else 6, verbose=2)

converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([i[None]] for i in images[:200])
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = converter.inference_output_type = tf.int8
file = converter.convert()
with open(f"{OUT}/fomo_shapes.tflite", "wb") as f:
    f.write(file)

# One picture that was not trained on, with all of both classes found.
interpreter = tf.lite.Interpreter(model_content=file)
interpreter.allocate_tensors()
read, write = interpreter.get_output_details()[0], interpreter.get_input_details()[0]
held_back = np.random.default_rng(8)
for seed in range(1000):
    shown, cells = picture(held_back)
    interpreter.set_tensor(write["index"], (shown.astype(np.int16) - 128).astype(np.int8)[None])
    interpreter.invoke()
    scale, zero = read["quantization"]
    heat = (interpreter.get_tensor(read["index"])[0].astype(np.float32) - zero) * scale
    if (cells == 1).any() and (cells == 2).any() and (np.where(heat[..., 1:].max(-1) >= 0.5, heat.argmax(-1), 0) == cells).all():
        break
Image.fromarray(shown).save(f"{OUT}/fomo_shapes.png")
found = [[int(r), int(c), CLASSES[k - 1], round(float(heat[r, c, k]), 4)] for r, c, k in np.argwhere(heat >= 0.5) if k > 0]
drawn = [[int(r), int(c), CLASSES[cells[r, c] - 1]] for r, c in np.argwhere(cells > 0)]
with open(f"{OUT}/fomo_shapes.json", "w") as f:
    json.dump({"tool": f"TensorFlow Lite {tf.__version__}", "cells": found, "drawn": drawn}, f)
    f.write("\n")
print(len(file), seed, found, drawn, write["quantization"], read["quantization"])
