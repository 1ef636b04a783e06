#!/usr/bin/env bash
# Soft parts of an APNG's frames come out too dark and too thin by Pillow: it weighs them by their alpha twice.
#
# Pillow 13.0.0. An APNG of two frames: green or nothing, and over it (blend_op OVER) blue with an alpha of 128. Expected by
# the PNG specification, third edition, 13.16 (alpha compositing over the canvas), and by OpenCV 5, which reads the same file:
# (0, 127, 128, 255) over opaque green, and (0, 0, 255, 128) over nothing. Seen, without an error or a warning:
# (0, 127, 128, 191), a hole in an opaque canvas, and (0, 0, 128, 64): a shadow of half the strength in half the colour.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import cv2
import numpy
import PIL
from PIL import Image

BLUE = (0, 0, 255, 128)


def animated(below):
    file = io.BytesIO()
    first = Image.new("RGBA", (8, 8), below)
    second = Image.new("RGBA", (8, 8), BLUE)
    first.save(file, "PNG", save_all=True, append_images=[second], blend=1, duration=100)
    return file.getvalue()


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        return image.convert("RGBA").getpixel((4, 4))


def by_opencv(data):
    is_read, animation = cv2.imdecodeanimation(numpy.frombuffer(data, numpy.uint8))
    assert is_read
    blue, green, red, alpha = (int(value) for value in animation.frames[1][4, 4])
    return red, green, blue, alpha


def near(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1


over_green = animated((0, 255, 0, 255))
over_nothing = animated((0, 0, 0, 0))
print(f"Pillow {PIL.__version__}, OpenCV {cv2.__version__}")
print("over green:  ", by_pillow(over_green), by_opencv(over_green))
print("over nothing:", by_pillow(over_nothing), by_opencv(over_nothing))
assert by_pillow(over_green) == (0, 127, 128, 191)
assert by_pillow(over_nothing) == (0, 0, 128, 64)
assert near(by_opencv(over_green), (0, 127, 128, 255))
assert near(by_opencv(over_nothing), (0, 0, 255, 128))
PYTHON
