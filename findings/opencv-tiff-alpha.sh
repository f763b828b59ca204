#!/usr/bin/env bash
# OpenCV multiplies the colours of a TIFF by its alpha channel, and says so nowhere.
#
# The file says that its alpha is unassociated (ExtraSamples 2): the colours stand as they are. The same picture as PNG
# is read as it is. Of the TIFF, imread gives colours multiplied by alpha, with IMREAD_UNCHANGED too, where the alpha
# channel comes beside them: what is half transparent is half as bright. The documentation of imread and of
# IMREAD_UNCHANGED speaks of no such thing. (libtiff's TIFFReadRGBA… premultiplies; OpenCV decodes through it.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==4.12.0.88 numpy==2.2.6 pillow==11.3.0
env/bin/python - <<'PY'
import sys
import cv2
import PIL
from PIL import Image

print("OpenCV", cv2.__version__, "Pillow", PIL.__version__)
Image.new("RGBA", (8, 8), (200, 100, 50, 128)).save("a.tif")
Image.open("a.tif").save("a.png")
print("ExtraSamples of the TIFF:", Image.open("a.tif").tag_v2[338])
same = True
for file, want in ("a.png", [200, 100, 50]), ("a.tif", [100, 50, 25]):
    for flag in "IMREAD_COLOR", "IMREAD_UNCHANGED":
        pixel = cv2.imread(file, getattr(cv2, flag))[0, 0].tolist()
        got = pixel[2::-1]  # BGR, BGRA
        print(f"{file} {flag}: R, G, B = {got}" + (f", alpha = {pixel[3]}" if len(pixel) == 4 else ""))
        same = same and all(abs(g - w) <= 1 for g, w in zip(got, want))
sys.exit(0 if same else "this has changed")
PY
