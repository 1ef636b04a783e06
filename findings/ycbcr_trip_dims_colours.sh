#!/usr/bin/env bash
# A picture whose luma alone is edited loses red and blue in Pillow: each trip to YCbCr and back takes up to two levels.
#
# Pillow 13.0.0. Colours from 30 to 225, so that nothing is clipped, go by convert("YCbCr") and convert("RGB") to and fro,
# as programs do that sharpen or equalise luma and merge it with the colours again. Expected: 8 bits cost a level of noise
# for each pixel, and the mean stays within a tenth, as it does in a JPEG of quality 100 without subsampling, which
# goes the same way in libjpeg. Seen: the mean of red falls by 1.6 levels and that of blue by 1.8 in one trip, and they go on
# falling: after eight trips red is 9.6 too dark, green 6.7, blue 10.3. A JPEG that is saved from the YCbCr image, which
# libjpeg takes as it is, has the loss of half a trip: 1.1 of red and 1.3 of blue. Greys are within a level after one trip.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io
import random

import PIL
from PIL import Image, ImageChops, ImageStat


def losses(before, after):
    """Return by how many levels the mean of each channel has fallen."""
    return [a - b for a, b in zip(ImageStat.Stat(before).mean, ImageStat.Stat(after).mean, strict=True)]


def through_jpeg(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=100, subsampling=0)
    with Image.open(file) as jpeg:
        return jpeg.convert("RGB")


def trip(image):
    return image.convert("YCbCr").convert("RGB")


def told(values):
    return ", ".join(f"{value:+.2f}" for value in values)


random.seed(1)
size = (200, 200)
picture = Image.frombytes("RGB", size, bytes(random.randint(30, 225) for _ in range(size[0] * size[1] * 3)))
print("Pillow", PIL.__version__)

jpeg = losses(picture, through_jpeg(picture))
print("levels of red, green and blue lost in a JPEG of the picture:", told(jpeg))
assert max(map(abs, jpeg)) < 0.1

from_ycbcr = losses(picture, through_jpeg(picture.convert("YCbCr")))
print("in a JPEG of the same as YCbCr:", told(from_ycbcr))
assert from_ycbcr[0] > 0.8
assert from_ycbcr[2] > 0.8

turned = picture
for number in range(1, 9):
    turned = trip(turned)
    lost = losses(picture, turned)
    print(f"after trip {number}: {told(lost)}")
    assert lost[0] > number
    assert lost[2] > number
assert min(lost) > 6
assert max(lost) < 12

greys = Image.new("RGB", (256, 1))
greys.putdata([(value, value, value) for value in range(256)])
furthest = max(high for _, high in ImageChops.difference(greys, trip(greys)).getextrema())
print("greys are off by at most", furthest)
assert furthest <= 1
PYTHON
