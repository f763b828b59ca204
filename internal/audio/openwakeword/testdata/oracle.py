"""What pyopen-wakeword 1.1.0 says of recordings: python3 oracle.py SILENCE WAV...

Each recording is followed by SILENCE samples of zeros, and comes in pieces of 80 ms. Prints a line of JSON for each:
name, rows (of embeddings: 40 before the recording, and those in it), embeddings (float32, in base64), and the scores of
each word model in the same way: one for each row from the first that the model has enough rows for.
"""
import base64
import json
import os
import sys
import wave

import numpy as np
from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures

PIECE = 1280  # samples that the package goes on by


def text(values):
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


silence = bytes(2 * int(sys.argv[1]))
for path in sys.argv[2:]:
    with wave.open(path) as f:
        sound = f.readframes(f.getnframes()) + silence
    features = OpenWakeWordFeatures.from_builtin()
    # It begins with 100 pieces of silence, which take most of the time; half as many leave it in the same state.
    features.new_audio_samples -= 50 * PIECE
    rows = []
    for i in range(0, len(sound), 2 * PIECE):
        for row in features.process_streaming(sound[i : i + 2 * PIECE]):
            rows.append(row.copy())
    scores = {}
    for model in Model:
        word = OpenWakeWord.from_builtin(model)
        scores[model.value] = text([score for row in rows for score in word.process_streaming(row)])
    print(json.dumps({
        "name": os.path.basename(path), "rows": len(rows), "embeddings": text(np.concatenate(rows, axis=None)), "scores": scores,
    }))
