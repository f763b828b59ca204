"""Makes JPEGs of 12 megapixels from the test data's pictures: enlarged, every other one with the noise of a sensor.

large_jpegs.py TESTDATA FOLDER COUNT
"""

import os
import sys

import cv2
import numpy

data, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
names = ["images/cat_720p.jpg", "images/hot_dog.jpg", "images/parrot.jpg", "images/kite_and_cold.jpg", "images/cat.bmp", "images/bird.bmp",
         "images/sunflower.bmp", "images/grace_hopper.bmp", "images/squat.bmp", "wild/burger.jpg", "wild/cats_and_dogs.jpg"]
random = numpy.random.default_rng(1)
for number in range(count):
    picture = cv2.resize(cv2.imread(os.path.join(data, names[number % len(names)])), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    if number % 2:
        noise = numpy.round(2.5 * random.standard_normal((3000, 4000, 1), numpy.float32)).astype(numpy.int16)
        picture = numpy.clip(picture + noise, 0, 255).astype(numpy.uint8)
    quality = [85, 92][number // 2 % 2]
    cv2.imwrite(os.path.join(folder, f"{number:03}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
