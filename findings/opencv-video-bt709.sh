#!/usr/bin/env bash
# OpenCV's VideoCapture decodes BT.709 video with the matrix of BT.601, whatever the stream says.
#
# A red clip is written twice, as BT.601 and as BT.709, each with the colour space in its stream. PyAV 18 (ffmpeg's
# libraries too) gives red for both. VideoCapture gives red for BT.601 and R = 232 for BT.709, which nearly all HD video is:
# enough to change the top class of a classifier for some pictures. The documentation of VideoCapture names no matrix.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==4.12.0.88 numpy==2.2.6 av==18.1.0
env/bin/python - <<'PY'
import sys
import av
import cv2

print("OpenCV", cv2.__version__, "PyAV", av.__version__, {n: v for n, v in av.library_versions.items() if n == "libswscale"})
BT709, BT601, LIMITED = 1, 6, 1
RED = {BT709: (63, 102, 240), BT601: (81, 90, 240)}  # Y, Cb, Cr


def write(path, space):
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"crf": "0", "preset": "ultrafast"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = space
        context.color_range = LIMITED
        for i in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane, value in zip(frame.planes, RED[space]):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts, frame.colorspace, frame.color_range = i, space, LIMITED
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


same = True
for name, space, want in ("bt601", BT601, 254), ("bt709", BT709, 232):
    write(name + ".mp4", space)
    with av.open(name + ".mp4") as clip:
        frame = next(clip.decode(video=0))
        right = frame.to_ndarray(format="rgb24")[32, 32].tolist()
    read, picture = cv2.VideoCapture(name + ".mp4").read()
    got = picture[32, 32][::-1].tolist()
    print(f"{name}: colorspace {frame.colorspace} in the stream; PyAV {right}, VideoCapture {got}")
    same = same and abs(right[0] - 254) <= 2 and abs(got[0] - want) <= 2
sys.exit(0 if same else "this has changed")
PY
