#!/usr/bin/env python3
"""Writes what MediaPipe's own programs say of the test pictures, for pipeline/vision/landmarks_oracle_test.go.

In a virtual environment with Python 3.9 to 3.12:

    pip install mediapipe==0.10.14
    python scripts/exports/mediapipe.py ../shared/testdata/images pipeline/vision/testdata/mediapipe.json
"""
import json
import sys

import cv2
import mediapipe as mp

TURNS = {
    "": lambda p: p,
    "90": lambda p: cv2.rotate(p, cv2.ROTATE_90_CLOCKWISE),
    "mirrored": lambda p: cv2.flip(p, 1),
}
HANDS = ["squat.bmp", "squat.bmp:90", "squat.bmp:mirrored"]
POSES = HANDS + ["grace_hopper.bmp", "face.jpg"]


def picture(folder, name):
    file, _, how = name.partition(":")
    return cv2.cvtColor(TURNS[how](cv2.imread(f"{folder}/{file}")), cv2.COLOR_BGR2RGB)


def points(landmarks, rgb):
    height, width = rgb.shape[:2]
    return [[round(p.x * width, 2), round(p.y * height, 2), round(p.z * width, 2)] for p in landmarks.landmark]


def hands(rgb):
    with mp.solutions.hands.Hands(static_image_mode=True, max_num_hands=4, model_complexity=1) as model:
        found = model.process(rgb)
    return [
        {"mirrored_label": side.classification[0].label, "score": round(side.classification[0].score, 4), "points": points(hand, rgb)}
        for hand, side in zip(found.multi_hand_landmarks or [], found.multi_handedness or [])
    ]


def pose(rgb):
    with mp.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as model:
        found = model.process(rgb).pose_landmarks
    return [p + [round(q.visibility, 4)] for p, q in zip(points(found, rgb), found.landmark)] if found else []


folder, out = sys.argv[1:]
answers = {
    "tool": f"mediapipe {mp.__version__}, solutions.hands and solutions.pose, static_image_mode, model_complexity 1",
    "hands": {name: hands(picture(folder, name)) for name in HANDS},
    "poses": {name: pose(picture(folder, name)) for name in POSES},
}
with open(out, "w") as f:
    json.dump(answers, f, separators=(",", ":"))
    f.write("\n")
