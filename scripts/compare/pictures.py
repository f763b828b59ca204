"""The peer of `corallite classify FOLDER`: the best class of each picture in a folder by LiteRT and OpenCV.

pictures.py MODEL FOLDER THREADS [REDUCTION]   prints a line a picture: its name, the class, its score

A pool of threads (reading, decoding, resizing and LiteRT leave Python's lock), each with an interpreter of one thread, as is
best for several pictures at once. REDUCTION: 2, 4 or 8, for JPEGs decoded to such a part of their size.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
from ai_edge_litert.interpreter import Interpreter

model, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
how = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}[
    int(sys.argv[4]) if len(sys.argv) > 4 else 1
]
cv2.setNumThreads(1)
own = threading.local()


def start():
    own.net = Interpreter(model_path=model, num_threads=1)
    own.net.allocate_tensors()
    own.into, own.out = own.net.get_input_details()[0], own.net.get_output_details()[0]


def classify(name):
    height, width = own.into["shape"][1:3]
    picture = cv2.resize(cv2.imread(os.path.join(folder, name), how), (width, height))
    own.net.set_tensor(own.into["index"], cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)[None])
    own.net.invoke()
    scores = own.net.get_tensor(own.out["index"])[0]
    best = int(scores.argmax())
    scale, zero = own.out["quantization"]
    return name, best, (int(scores[best]) - zero) * scale


with ThreadPoolExecutor(threads, initializer=start) as pool:
    for name, best, score in pool.map(classify, sorted(os.listdir(folder))):
        print(name, best, f"{score:.4f}")
