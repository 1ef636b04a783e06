#!/usr/bin/env bash
# The same pixels are darker from a TIFF than from a PNG: OpenCV multiplies by alpha, in TIFFs of 8 bits alone.
#
# OpenCV 5.0.0. A half-transparent colour (200, 100, 50, alpha 128) is saved as PNG, and as TIFF whose ExtraSamples
# says that colours are not multiplied by alpha (2, as Pillow writes). Expected: imread with IMREAD_UNCHANGED gives the
# same for both, as Pillow and libvips do. Seen: (200, 100, 50) from the PNG and (100, 50, 25) from the TIFF; also with
# IMREAD_COLOR, where alpha is gone and nothing tells of it. A TIFF of 16 bits is left as it is. One whose colours are
# multiplied (1) gives (100, 50, 25) at 8 bits and at 16: at 16 bits it is the file that decides what the numbers
# mean, and imread does not say which. What OpenCV then writes has no ExtraSamples, and Pillow reads it as not
# multiplied: each trip through the two halves the colour: 200, 100, 50.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 pyvips==3.2.0 pyvips-binary==8.18.7
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy
import pyvips
import tifffile
from PIL import Image

STRAIGHT = (200, 100, 50, 128)
MULTIPLIED = (100, 50, 25, 128)


def save(name, colour, kind, dtype):
    scale = 257 if dtype == numpy.uint16 else 1
    pixels = numpy.full((4, 4, 4), colour, dtype) * dtype(scale)
    tifffile.imwrite(name, pixels, photometric="rgb", extrasamples=[kind])


def by_opencv(name, flag=cv2.IMREAD_UNCHANGED):
    pixel = cv2.imread(name, flag)[0, 0]
    if pixel.dtype == numpy.uint16:
        pixel = pixel // 257
    return tuple(int(pixel[band]) for band in (2, 1, 0, 3)[: len(pixel)])


def by_pillow(name):
    return Image.open(name).convert("RGBA").getpixel((0, 0))


def by_vips(name):
    image = pyvips.Image.new_from_file(name)
    scale = 257 if image.format == "ushort" else 1
    return tuple(round(value / scale) for value in image.getpoint(0, 0))


print(f"OpenCV {cv2.__version__}, tifffile {tifffile.__version__}")
Image.new("RGBA", (4, 4), STRAIGHT).save("straight.png")
Image.new("RGBA", (4, 4), STRAIGHT).save("straight.tif")
assert Image.open("straight.tif").tag_v2[338] == (2,)
save("straight_16.tif", STRAIGHT, "unassalpha", numpy.uint16)
save("multiplied.tif", MULTIPLIED, "assocalpha", numpy.uint8)
save("multiplied_16.tif", MULTIPLIED, "assocalpha", numpy.uint16)
found = {}
for name in ("straight.png", "straight.tif", "straight_16.tif", "multiplied.tif", "multiplied_16.tif"):
    found[name] = by_opencv(name)
    print(f"{name:17} OpenCV {found[name]}, Pillow {by_pillow(name)}, libvips {by_vips(name)}")
    for other in (by_pillow(name), by_vips(name)):
        assert numpy.abs(numpy.subtract(other, STRAIGHT)).max() <= 1, other
assert found["straight.png"] == found["straight_16.tif"] == STRAIGHT
assert found["straight.tif"] == found["multiplied.tif"] == found["multiplied_16.tif"] == MULTIPLIED

plain = {name: by_opencv(name, cv2.IMREAD_COLOR) for name in ("straight.png", "straight.tif")}
print("without the flag:", plain)
assert plain == {"straight.png": STRAIGHT[:3], "straight.tif": MULTIPLIED[:3]}

trips = []
Image.open("straight.tif").save("trip.tif")
for _ in range(3):
    trips.append(by_pillow("trip.tif"))
    cv2.imwrite("trip.tif", cv2.imread("trip.tif", cv2.IMREAD_UNCHANGED))
    image = Image.open("trip.tif")
    image.load()
    assert 338 not in image.tag_v2
    image.convert("RGBA").copy().save("trip.tif")
print("trips through OpenCV and Pillow:", trips)
assert [trip[0] for trip in trips] == [200, 100, 50]
PYTHON
