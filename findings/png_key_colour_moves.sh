#!/usr/bin/env bash
# Another pixel than the one meant is transparent: Pillow scales a PNG's samples, but not its transparent colour.
#
# Pillow 13.0.0. A PNG without alpha may name one colour that is transparent (tRNS), in samples of the file's own depth
# (PNG, 11.3.2.1). Files of 1 to 16 bits are written by pypng, with one pixel of each shade, one of which is named.
# Expected: that pixel alone is transparent, as pypng and libvips read it. Seen: with greys of 1 and 8 bits it is. With
# 2 and 4 bits no pixel is transparent, unless black is meant. With 16 bits of RGB Pillow keeps the upper half of each
# sample and takes the lower half of the colour, so that for 0x1234 the pixel 0x1234 is opaque and 0x3456 transparent;
# with greys of 16 bits convert("RGBA") makes none so, though the colour and the pixels are read whole. Saving makes
# it last: in the PNG that Pillow writes of the RGB, 0x3456 is the transparent one for libvips too.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 pypng==0.20220715.0 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" - <<'PYTHON'
import io

import PIL
import png
import pyvips
from PIL import Image

WIDE = [0x0000, 0x1200, 0x1234, 0x12FF, 0x3456, 0xFFFF]


def write(depth, shades, key, grey=True):
    """Return a PNG with one row, a pixel for each of the shades, of which the key is transparent."""
    row = shades if grey else [shade for shade in shades for _ in range(3)]
    file = io.BytesIO()
    named = key if grey else (key, key, key)
    png.Writer(len(shades), 1, greyscale=grey, bitdepth=depth, transparent=named).write(file, [row])
    return file.getvalue()


def by_pypng(data):
    _, _, rows, _ = png.Reader(bytes=data).asRGBA()
    return [place for place, alpha in enumerate(list(next(iter(rows)))[3::4]) if alpha == 0]


def by_vips(data):
    image = pyvips.Image.new_from_buffer(data, "")
    return [place for place in range(image.width) if image.getpoint(place, 0)[-1] == 0]


def by_pillow(data):
    alpha = Image.open(io.BytesIO(data)).convert("RGBA").getchannel("A")
    return [place for place in range(alpha.width) if alpha.getpixel((place, 0)) == 0]


vips = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"Pillow {PIL.__version__}, pypng {png.__version__}, libvips {vips}")
cases = []
for depth in (1, 2, 4, 8):
    shades = list(range(2**depth))
    cases.append((f"{depth} bits grey", depth, shades, len(shades) // 2, True, depth in (1, 8)))
cases.append(("4 bits, black", 4, list(range(16)), 0, True, True))
cases.append(("16 bits grey", 16, WIDE, 0x1234, True, False))
cases.append(("16 bits RGB", 16, WIDE, 0x1234, False, False))
for name, depth, shades, key, grey, right in cases:
    data = write(depth, shades, key, grey)
    meant = [shades.index(key)]
    assert by_pypng(data) == by_vips(data) == meant, name
    found = by_pillow(data)
    holes = ", ".join(hex(shades[place]) for place in found) or "none"
    print(f"{name:13} of {len(shades):3} shades {key:#x} is meant, Pillow has {holes}")
    assert (found == meant) is right, (name, found)
    if not right:
        assert found == ([WIDE.index(0x3456)] if not grey else []), (name, found)

image = Image.open(io.BytesIO(write(16, WIDE, 0x1234)))
assert (image.mode, image.info["transparency"], image.getpixel((2, 0))) == ("I;16", 0x1234, 0x1234)

file = io.BytesIO()
Image.open(io.BytesIO(write(16, WIDE, 0x1234, grey=False))).save(file, "PNG")
holes = [hex(WIDE[place]) for place in by_vips(file.getvalue())]
print("16 bits RGB saved again by Pillow, read by libvips: transparent is", *holes)
assert holes == ["0x3456"], holes
PYTHON
