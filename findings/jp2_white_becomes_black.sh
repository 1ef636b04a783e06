#!/usr/bin/env bash
# The brightest pixels of a JPEG 2000 of 16 bits are black by Pillow: its rounding to 8 bits wraps.
#
# Pillow 13.0.0. A grey ramp of 16 bits and the same ramp as RGB are written without loss by imagecodecs' OpenJPEG, which
# reads every value back. Expected of an RGB image by Pillow, which has 8 bits: each value v as v / 257, white as 255.
# Seen, without an error or a warning: values up to 65,407 are right within 1.5, and from 65,408 on they are 0. A scan's
# paper, clipped clouds and snow are black holes. Grey stays 16 bits wide, and is right.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import imagecodecs
import numpy
import PIL
from PIL import Image

values = numpy.arange(65_536, dtype=numpy.uint16).reshape(256, 256)
rgb = numpy.dstack([values] * 3)


def read(pixels):
    data = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="JP2", reversible=True)
    assert (imagecodecs.jpeg2k_decode(data) == pixels).all(), "the file is sound"
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, numpy.asarray(image)


mode, grey = read(values)
assert mode == "I;16"
assert (grey == values).all()
mode, shown = read(rgb)
assert mode == "RGB"
red = shown[:, :, 0].ravel().astype(int)
print(f"Pillow {PIL.__version__}, RGB: 65407 is {red[65_407]}, 65408 is {red[65_408]}, white is {red[65_535]}")
right = numpy.arange(65_536) / 257
assert abs(red - right)[:65_408].max() < 1.5
assert set(red[65_408:].tolist()) == {0}
PYTHON
