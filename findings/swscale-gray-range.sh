#!/usr/bin/env bash
# libswscale takes gray pictures for full range, whatever their range tag says, and even if it is told otherwise.
#
# The same luma samples as gray and as yuv420p, both tagged as limited range. yuv420p is expanded: 16 becomes 0, 235
# becomes 255. gray stays as it is: black is 16 and white 235, also when the source's range is given to the conversion.
# So video in gray (infrared cameras, for one) reaches a model with less contrast than the same pictures in yuv420p.
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

print("PyAV", av.__version__, {n: v for n, v in av.library_versions.items() if n == "libswscale"}, "NumPy", np.__version__, platform.machine())
LIMITED = 1


def ends(pixel_format, **told):
    """Black and white of limited range as RGB."""
    frame = av.VideoFrame(256, 16, pixel_format)
    frame.color_range = LIMITED
    for plane, value in zip(frame.planes, (np.arange(256), 128, 128)):
        samples = np.zeros((plane.height, plane.line_size), np.uint8)
        samples[:, : plane.width] = value
        plane.update(samples.tobytes())
    return frame.reformat(format="rgb24", **told).to_ndarray()[8, [16, 235], 0].tolist()


colour, gray, told = ends("yuv420p"), ends("gray"), ends("gray", src_color_range=LIMITED)
print(f"Y = 16 and 235, tagged as limited range: yuv420p {colour}, gray {gray}, gray with the range given to the conversion {told}")
sys.exit(0 if colour == [0, 255] and gray == told == [16, 235] else "this has changed")
PY
