#!/usr/bin/env bash
# A cut-out of one flat colour has a bright rim once Pillow or libvips's thumbnail has resized it.
#
# Pillow 13.0.0, libvips 8.18. A disc of one orange, opaque, on a transparent ground is resized with Lanczos. All of it
# has one colour, so whatever the weights are, the colour of each visible pixel of the result must be that orange. Both
# libraries weight colours by alpha for this. Expected: at most 3 levels off where alpha is 128 and more. Seen: Pillow's
# resize() of an RGBA image is 15 to 44 levels too bright in a rim just inside of the edge, libvips's thumbnail 13 to
# 27. Lanczos overshoots there: alpha is clipped at 255, the weighted colour is not, and the quotient of both
# grows. libvips's own resize, between premultiply and unpremultiply, is right: it clips nothing in between.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" -W error - <<'PYTHON'
import PIL
import pyvips
from PIL import Image

ORANGE, SIDE = (200, 100, 50), 100


def furthest(data):
    """Return by how many levels the colour of a visible pixel differs most, of the bytes of an RGBA image."""
    pixels = [data[start : start + 4] for start in range(0, len(data), 4)]
    visible = [pixel for pixel in pixels if pixel[3] >= 128]
    assert len(visible) > 50
    return max(abs(level - expected) for pixel in visible for level, expected in zip(pixel, ORANGE))


disc = Image.new("RGBA", (SIDE, SIDE))
for y in range(SIDE):
    for x in range(SIDE):
        if (x - 49.5) ** 2 + (y - 49.5) ** 2 < 35**2:
            disc.putpixel((x, y), (*ORANGE, 255))
image = pyvips.Image.new_from_memory(disc.tobytes(), SIDE, SIDE, 4, "uchar").copy(interpretation="srgb")
vips = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"Pillow {PIL.__version__}, libvips {vips}; levels off the one colour")
for side in (24, 50, 333):
    by_pillow = disc.resize((side, side), Image.Resampling.LANCZOS).tobytes()
    by_thumbnail = image.thumbnail_image(side, size="both").write_to_memory()
    by_resize = image.premultiply().resize(side / SIDE).unpremultiply().cast("uchar").write_to_memory()
    found = {
        "Pillow resize": furthest(by_pillow),
        "libvips thumbnail": furthest(by_thumbnail),
        "libvips premultiply, resize, unpremultiply": furthest(by_resize),
    }
    print(f"{SIDE} px to {side}:", found)
    assert found["Pillow resize"] > 12
    assert found["libvips thumbnail"] > 10
    assert found["libvips premultiply, resize, unpremultiply"] <= 3
PYTHON
