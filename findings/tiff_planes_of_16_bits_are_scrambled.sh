#!/usr/bin/env bash
# A TIFF of 16 bits whose colours stand in separate planes is noise by Pillow, and one whose white is 0 is its own negative.
#
# Pillow 13.0.0. tifffile writes a ramp, red rising and green falling, in 16 bits: once with the colours of a pixel side by
# side, once in three planes (PlanarConfiguration 2), as scientific and print programs do. libvips reads both alike.
# Expected: the same picture from both, or an error. Seen, without an error or a warning: the planes are taken for bytes of
# 8 bits, so that the last pixel is (125, 130, 125) and not (255, 0, 255). A grey ramp of 16 bits whose 0 is white
# (photometric WhiteIsZero, as of fax and X-ray machines) comes out as its negative; in 8 bits it is right.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import numpy
import PIL
import pyvips
import tifffile
from PIL import Image

ramp = numpy.linspace(0, 65_535, 64).round().astype(numpy.uint16)[None].repeat(16, 0)
rgb = numpy.dstack([ramp, ramp[:, ::-1], ramp])


def written(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, numpy.asarray(image).astype(int)


def by_libvips(data):
    return pyvips.Image.new_from_buffer(data, "").numpy()


side_by_side = written(rgb, photometric="rgb")
planes = written(numpy.ascontiguousarray(rgb.transpose(2, 0, 1)), photometric="rgb", planarconfig="separate")
assert (by_libvips(side_by_side) == by_libvips(planes)).all(), "both files are sound"
mode, right = by_pillow(side_by_side)
assert mode == "RGB"
assert abs(right - rgb / 257).max() <= 1
mode, wrong = by_pillow(planes)
assert mode == "RGB"
print(f"Pillow {PIL.__version__}, last pixel: side by side {right[0, 63]}, planes {wrong[0, 63]}")
assert abs(wrong - right).max() > 100
assert abs(wrong - right).mean() > 40

by_depth = {}
for depth, pixels in ((8, (ramp // 257).astype(numpy.uint8)), (16, ramp)):
    data = written(pixels, photometric="miniswhite")
    assert by_libvips(data).ravel()[0] == 2**depth - 1, "0 is white"
    by_depth[depth] = by_pillow(data)[1][0, 0]
print(f"0 where white is 0: {by_depth[8]} of 255 in 8 bits, {by_depth[16]} of 65535 in 16 bits")
assert by_depth == {8: 255, 16: 0}
PYTHON
