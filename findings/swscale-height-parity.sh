#!/usr/bin/env bash
# libswscale: whether a picture has an even or an odd number of rows changes the colours of all its pixels.
#
# The conversion from yuv420p to RGB, without scaling. The same limited-range samples are given as 64 rows and as 63 (the
# last row left out). Even: white (Y = 235) is 255, and chroma is not interpolated between rows. Odd: white is 253, all
# grays are about 1.3 levels darker, and chroma is interpolated. ffmpeg's bicubic (its default) and PyAV's bilinear agree.
# So cropping one row changes a model's whole input.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.2.6
env/bin/python - <<'PY'
import platform
import sys
import av
import numpy as np
from av.video.reformatter import Interpolation

print("PyAV", av.__version__, {n: v for n, v in av.library_versions.items() if n == "libswscale"}, "NumPy", np.__version__, platform.machine())
LIMITED = 1


def rgb(rows, planes, flags):
    """The first so many rows of the planes, as libswscale converts them."""
    frame = av.VideoFrame(planes[0].shape[1], rows, "yuv420p")
    frame.color_range = LIMITED
    for plane, samples in zip(frame.planes, planes):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = samples[: plane.height]
        plane.update(padded.tobytes())
    return frame.reformat(format="rgb24", interpolation=flags).to_ndarray().astype(int)


same = True
gray = [np.tile(np.arange(16, 236, dtype=np.uint8), (64, 1)), np.full((32, 110), 128, np.uint8), np.full((32, 110), 128, np.uint8)]
red_over_blue = [np.repeat(np.array(v, np.uint8), n)[:, None].repeat(w, 1) for v, n, w in (((81, 41), 32, 64), ((90, 240), 16, 32), ((240, 110), 16, 32))]
for name in "BILINEAR", "BICUBIC":
    even, odd = (rgb(rows, gray, Interpolation[name])[:62] for rows in (64, 63))
    edge_even, edge_odd = (rgb(rows, red_over_blue, Interpolation[name])[31, 0].tolist() for rows in (64, 63))
    print(f"{name}: white {even[0, -1, 0]} of 64 rows, {odd[0, -1, 0]} of 63; mean of the grays {even.mean():.2f} and {odd.mean():.2f};", end=" ")
    print(f"last red row before the blue ones {edge_even} and {edge_odd}")
    same = same and even[0, -1, 0] == 255 and odd[0, -1, 0] == 253 and 1.2 < even.mean() - odd.mean() < 1.4
    same = same and edge_even[2] == 0 and edge_odd[2] > 100
sys.exit(0 if same else "this has changed")
PY
