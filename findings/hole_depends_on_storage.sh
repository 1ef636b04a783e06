#!/usr/bin/env bash
# Whether a hole in a picture lasts depends on how its PNG stores it: GIF, WebP and AVIF by Pillow each lose others.
#
# Pillow 13.0.0. The same grey picture with a hole is a PNG in five ways, all of 8 bits, all read as transparent
# (has_transparency_data is true, convert("RGBA") has the hole): as palette, grey or RGB with a transparent colour
# (tRNS), and as grey or RGB with an alpha channel. Each is opened and saved. Expected: GIF, WebP and AVIF, all of which
# have transparency, keep the hole, or saving raises. Seen, without an error or a warning: WebP keeps it for grey with
# tRNS and loses it for RGB with tRNS; AVIF loses it for both; GIF keeps it for both and loses it for grey with alpha,
# which WebP and AVIF keep. So an optimiser that turns one way into another, without any loss, decides whether a logo
# stands on a box later. convert("RGBA") before saving helps in each case.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import PIL
import pyvips
from PIL import Image

HOLE, GREY = 52, 200
FORMATS = {"PNG": {}, "GIF": {}, "WEBP": {"lossless": True}, "AVIF": {"quality": 90, "speed": 9}}


def save(image, name, **options):
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def holes(data):
    """Return how many of the picture's 256 pixels are transparent, as libvips reads the file."""
    image = pyvips.Image.new_from_buffer(data, "")
    if not image.hasalpha():
        return 0
    alpha = image[image.bands - 1]
    return sum(alpha.getpoint(x, y)[0] < 128 for y in range(image.height) for x in range(image.width))


grey = Image.new("L", (16, 16), GREY)
grey.paste(HOLE, (0, 0, 8, 8))
palette = Image.new("P", (16, 16), 1)
palette.putpalette([HOLE] * 3 + [GREY] * 3)
palette.paste(0, (0, 0, 8, 8))
stored = {
    "palette, tRNS": save(palette, "PNG", transparency=0),
    "grey, tRNS": save(grey, "PNG", transparency=HOLE),
    "RGB, tRNS": save(grey.convert("RGB"), "PNG", transparency=(HOLE,) * 3),
}
stored["grey, alpha"] = save(opened(stored["grey, tRNS"]).convert("LA"), "PNG")
stored["RGB, alpha"] = save(opened(stored["grey, tRNS"]).convert("RGBA"), "PNG")

vips = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"Pillow {PIL.__version__}, read by libvips {vips}; transparent pixels of 64")
lost = set()
for way, data in stored.items():
    assert holes(data) == 64
    assert opened(data).has_transparency_data
    assert opened(data).convert("RGBA").getchannel("A").histogram()[0] == 64
    found = {name: holes(save(opened(data), name, **options)) for name, options in FORMATS.items()}
    print(f"{way:13}", found)
    assert set(found.values()) <= {0, 64}, found
    lost |= {(name, way) for name, count in found.items() if count == 0}
    for name, options in FORMATS.items():
        assert holes(save(opened(data).convert("RGBA"), name, **options)) == 64, (name, way)
assert lost == {
    ("GIF", "grey, alpha"),
    ("WEBP", "RGB, tRNS"),
    ("AVIF", "grey, tRNS"),
    ("AVIF", "RGB, tRNS"),
}, lost
PYTHON
