"""Writes the golden features of the Go tests, internal/audio/mel/testdata/golden.json, or checks them with --check.

The sound is made of whole numbers only, so that the Go test makes the same.
"""

import json
import pathlib
import sys

import numpy as np

import features

PATH = pathlib.Path(__file__).resolve().parents[3] / "internal/audio/mel/testdata/golden.json"

SETS = {
    "digits": dict(rate=16000, window_ms=32, hop_ms=20, fft=512, bins=8, low_hz=100, high_hz=3600, floor=1e-5,
                   mean=-3, std=4),
    "yamnet": dict(rate=16000, window_ms=25, hop_ms=10, fft=512, bins=12, low_hz=125, high_hz=7500,
                   spectrum="magnitude", offset=0.001),
    "librosa": dict(rate=22050, window_ms=20, hop_ms=30, fft=1024, bins=10, low_hz=0, high_hz=11025, scale="slaney",
                    floor=1e-10),
    "odd": dict(rate=8000, window_ms=25, hop_ms=12.5, fft=300, bins=40, low_hz=20, high_hz=4000, floor=1e-6,
                offset=1e-6),
}


def sound():
    """Noise, soft noise, silence, and a square wave at full scale: 2000 samples."""
    x, samples = 1, []
    for i in range(2000):
        x = (x * 1664525 + 1013904223) % 2**32
        if i < 700:
            samples.append((x >> 16) - 32768)
        elif i < 1000:
            samples.append((x >> 26) - 32)
        elif i < 1500:
            samples.append(0)
        else:
            samples.append(32767 if i // 10 % 2 else -32768)
    return np.array(samples, np.int16)


def golden():
    out = {}
    for name, options in SETS.items():
        rows = features.LogMel(features.Options(**options))(sound())
        out[name] = {"options": options, "rows": [[round(float(v), 6) for v in row] for row in rows]}
    return out


def main():
    if "--check" in sys.argv:
        kept = json.loads(PATH.read_text())
        for name, made in golden().items():
            worst = np.abs(np.array(kept[name]["rows"]) - np.array(made["rows"])).max()
            print(f"{name}: {worst:.1e}")
            if kept[name]["options"] != made["options"] or worst > 1e-5:
                sys.exit(f"{PATH.name} has other features of {name}")
        return
    PATH.parent.mkdir(exist_ok=True)
    lines = [f'"{name}": {{"options": {json.dumps(g["options"])}, "rows": [\n'
             + ",\n".join(json.dumps(row) for row in g["rows"]) + "]}" for name, g in golden().items()]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
