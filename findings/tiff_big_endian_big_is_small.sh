#!/usr/bin/env bash
# Pillow opens a BigTIFF in little-endian order, and not the same picture in big-endian order.
#
# Pillow 13.0.0. tifffile writes one grey ramp four times: as TIFF and as BigTIFF, in both byte orders, and reads each of
# them back. Expected: Pillow opens all four, since its documentation names BigTIFF and its list of magic numbers has "MM\0+".
# Seen: three are equal to the ramp, and "MM\0+" is an UnidentifiedImageError: of its magic number the byte that tells a
# BigTIFF is looked for where only the little-endian order has it, so that the head is taken for that of a small TIFF.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io

import numpy
import PIL
import tifffile
from PIL import Image, UnidentifiedImageError

ramp = numpy.arange(64 * 48, dtype=numpy.uint32).reshape(48, 64).astype(numpy.uint8)
seen = {}
for is_big in (False, True):
    for order in "<>":
        file = io.BytesIO()
        tifffile.imwrite(file, ramp, bigtiff=is_big, byteorder=order)
        file.seek(0)
        assert (tifffile.imread(file) == ramp).all(), "the file is sound"
        head = file.getvalue()[:4]
        try:
            with Image.open(io.BytesIO(file.getvalue())) as image:
                seen[head] = "right" if (numpy.asarray(image) == ramp).all() else "wrong"
        except UnidentifiedImageError:
            seen[head] = "refused"
        print(f"Pillow {PIL.__version__}: {head!r} is {seen[head]}")
assert seen == {b"II*\0": "right", b"MM\0*": "right", b"II+\0": "right", b"MM\0+": "refused"}
PYTHON
