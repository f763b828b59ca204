#!/usr/bin/env bash
# libswscale: the flag accurate_rnd makes the conversion from video to RGB less accurate, unless full_chroma_int is set too.
#
# All grays of limited range, yuv420p of 64 rows to RGB without scaling, against (Y - 16) x 255 / 219. Without flags
# values are rounded down (0.5 too low in the mean, white right). With accurate_rnd alone they are 1.8 too low in the mean,
# and white is 253. With accurate_rnd and full_chroma_int every value is the nearest one. The documentation of the flag
# says "accurate rounding".
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
from av.video.reformatter import Interpolation as Flag

print("PyAV", av.__version__, {n: v for n, v in av.library_versions.items() if n == "libswscale"}, "NumPy", np.__version__, platform.machine())
LIMITED, ROWS = 1, 64
luma = np.arange(16, 236)
frame = av.VideoFrame(len(luma), ROWS, "yuv420p")
frame.color_range = LIMITED
for plane, value in zip(frame.planes, (luma, 128, 128)):
    samples = np.zeros((plane.height, plane.line_size), np.uint8)
    samples[:, : plane.width] = value
    plane.update(samples.tobytes())

same = True
for name, flags, mean, white in (
    ("no flag", Flag.BICUBIC, -0.49, 255),
    ("accurate_rnd", Flag.BICUBIC | Flag.ACCURATE_RND, -1.77, 253),
    ("accurate_rnd+full_chroma_int", Flag.BICUBIC | Flag.ACCURATE_RND | Flag.FULL_CHR_H_INT, 0, 255),
):
    got = frame.reformat(format="rgb24", interpolation=flags).to_ndarray().astype(float)
    error = got - ((luma - 16) * 255 / 219)[None, :, None]
    print(f"{name}: mean error {error.mean():.2f}, largest {abs(error).max():.2f}, white {got[0, -1].astype(int).tolist()}")
    same = same and abs(error.mean() - mean) < 0.02 and (got[0, -1] == white).all()
sys.exit(0 if same else "this has changed")
PY
