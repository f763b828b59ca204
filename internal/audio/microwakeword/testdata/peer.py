"""What pymicro-features and pymicro-wakeword make of recordings, for the tests.

peer.py log              the logarithm of 1+7500/700 as this machine's C library gives it to pymicro-features
peer.py features FILE    the features of each recording
peer.py answers FILE     the answers of the four models to each recording

FILE holds recordings: a 32-bit number of samples, then the samples, 16 bits each, 16 kHz, all little endian. For each
recording the features are a 32-bit number of values and then the values, 16 bits each; the answers are for each model
a 32-bit number of runs, and then of each run the probability and the mean that it gave, as float64.
"""
import ctypes
import struct
import sys

import numpy as np
from pymicro_features import MicroFrontend
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

MODELS = ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"]


def recordings(path):
    with open(path, "rb") as f:
        while head := f.read(4):
            yield f.read(2 * struct.unpack("<I", head)[0])


def features(sound):
    front, values, at = MicroFrontend(), [], 0
    while at + 320 <= len(sound):
        out = front.process_samples(sound[at : at + 320])
        at += 2 * out.samples_read
        values += out.features
    values = np.array(values) / 0.0390625
    return struct.pack("<I", len(values)) + values.astype("<u2").tobytes()


def answers(sound, words):
    out, rows = b"", list(MicroWakeWordFeatures().process_streaming(sound))
    for word in words:
        word.reset()
        runs = []
        for i, row in enumerate(rows):
            mean = word.process_streaming_prob(row)
            if (i + 1) % word.stride == 0:
                runs += [word._probabilities[-1], mean]
        out += struct.pack("<I", len(runs) // 2) + np.array(runs, "<f8").tobytes()
    return out


if sys.argv[1:] == ["log"]:
    libm = ctypes.CDLL("libm.so.6")
    libm.log1pf.restype, libm.log1pf.argtypes = ctypes.c_float, [ctypes.c_float]
    sys.stdout.buffer.write(struct.pack("<f", libm.log1pf(7500 / 700)))
    sys.exit()
what, path = sys.argv[1:]
words = [MicroWakeWord.from_builtin(Model(m)) for m in MODELS] if what == "answers" else []
for sound in recordings(path):
    sys.stdout.buffer.write(answers(sound, words) if words else features(sound))
