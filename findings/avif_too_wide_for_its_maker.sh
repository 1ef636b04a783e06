#!/usr/bin/env bash
# An AVIF is saved without complaint and cannot be opened again: libavif writes sides to 65,536 and reads to 32,768.
#
# Pillow 13.0.0 with the libavif of its wheel. A strip 8 pixels high is saved at growing widths. Expected: what was
# saved can be opened, as PNG, TIFF, GIF and JPEG 2000 of this width, or saving raises, as WebP does past 16,383. Seen:
# 32,768 is read again; 32,769 to 65,536 are saved, and Image.open() says "cannot identify image file", as of a file
# that is no image, and not that it is too large (262,152 pixels are few). Only 65,537 raises when it is saved.
# The file is sound: libvips, which reads AVIF by libheif, gives it with each sample within 2 of the picture. OpenCV
# and imagecodecs, which read by libavif as Pillow does, do not, and imagecodecs alone says why. A panorama or a long
# screenshot is kept like this, its source deleted, and the loss is seen later.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6 \
    pyvips==3.2.0 pyvips-binary==8.18.7 opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6
"$folder/venv/bin/python" - <<'PYTHON'
import io

import cv2
import imagecodecs
import numpy
import PIL
import pyvips
from PIL import Image, UnidentifiedImageError, features

GRADIENT = Image.linear_gradient("L").rotate(90)


def strip(width):
    return GRADIENT.resize((width, 8)).convert("RGB")


def save(width, name="AVIF", **options):
    file = io.BytesIO()
    strip(width).save(file, name, **options)
    return file.getvalue()


def by_pillow(data):
    try:
        Image.open(io.BytesIO(data)).load()
    except UnidentifiedImageError:
        return "not identified"
    return "opened"


def by_opencv(data):
    image = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_UNCHANGED)
    return "none" if image is None else "opened"


def by_imagecodecs(data):
    try:
        imagecodecs.avif_decode(data)
    except imagecodecs.AvifError as error:
        return str(error)
    return "opened"


def by_vips(data):
    """Return the size that libvips finds and the greatest difference of a sample from the picture."""
    image = pyvips.Image.new_from_buffer(data, "")
    meant = numpy.asarray(strip(image.width), int)
    return (image.width, image.height), int(abs(image.numpy()[..., :3].astype(int) - meant).max())


print(f"Pillow {PIL.__version__}, libavif {features.version('avif')}, OpenCV {cv2.__version__}")
for width in (32768, 32769, 40000, 65536):
    data = save(width, quality=90, speed=8)
    size, difference = by_vips(data)
    pillow, opencv, codecs = by_pillow(data), by_opencv(data), by_imagecodecs(data)
    print(f"{width}: Pillow {pillow}, OpenCV {opencv}, imagecodecs {codecs}, libvips {size}, {difference} away")
    assert size == (width, 8)
    assert difference <= 2, difference
    if width <= 32768:
        assert (pillow, opencv, codecs) == ("opened", "opened", "opened")
    else:
        assert (pillow, opencv) == ("not identified", "none")
        assert "dimensions are too large" in codecs

try:
    save(65537, speed=8)
except RuntimeError as error:
    print("65537:", error)
else:
    raise AssertionError("65537 was saved")

for name in ("PNG", "TIFF", "GIF", "JPEG2000"):
    assert Image.open(io.BytesIO(save(40000, name))).size == (40000, 8), name
print("PNG, TIFF, GIF and JPEG 2000 of 40000 are read again.")
PYTHON
