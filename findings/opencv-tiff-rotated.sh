#!/usr/bin/env bash
# OpenCV's imread gives nothing for a TIFF that is to be turned by a quarter; imdecode reads the same bytes.
#
# TIFF's orientations 5 to 8 exchange width and height. For a picture that is not square imread then returns None, as for
# a file that is not there, and prints an internal error. imdecode of the same bytes gives the picture, turned. The
# documentation says that both apply the orientation, and that imdecode is as imread.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==4.12.0.88 numpy==2.2.6 pillow==11.3.0
env/bin/python - 2> errors <<'PY'
import sys
import cv2
import numpy as np
import PIL
from PIL import Image

print("OpenCV", cv2.__version__, "Pillow", PIL.__version__)
picture = Image.fromarray(np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3))
shape = lambda p: None if p is None else p.shape[:2]
same = True
for orientation in range(1, 9):
    picture.save("t.tif", tiffinfo={274: orientation})
    read = shape(cv2.imread("t.tif"))
    decoded = shape(cv2.imdecode(np.fromfile("t.tif", np.uint8), cv2.IMREAD_COLOR))
    print(f"orientation {orientation}: imread {read}, imdecode {decoded}")
    turned = orientation >= 5
    same = same and decoded == ((30, 20) if turned else (20, 30)) and read == (None if turned else (20, 30))
sys.exit(0 if same else "this has changed")
PY
echo "imread printed:"
grep -m1 'Internal imread issue' -A1 errors
