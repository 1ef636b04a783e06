#!/usr/bin/env bash
# An AVIF whose colours are multiplied with alpha is too dark by libvips, and so by what stands on it.
#
# pyvips 3.1.1 with pyvips-binary 8.18.3. Pillow 13.0.0 writes one picture, orange at half opacity, twice: with plain colours
# and with multiplied ones (`alpha_premultiplied=True`, the `prem` reference of ISO/IEC 23008-12), and reads both back as
# orange. Expected of libvips, which has no such flag in an image: the same orange from both, or an error. Seen: plain
# colours are right, and the multiplied ones come out as they are stored, half as light. On white, red is 191 and not 255.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 pyvips==3.1.1 pyvips-binary==8.18.3
"$folder/venv/bin/python" - <<'PYTHON'
import io

import PIL
import pyvips
from PIL import Image

ORANGE = (255, 128, 0, 128)


def near(seen, right):
    return all(abs(one - other) <= 6 for one, other in zip(seen, right, strict=True))


shown = {}
for is_multiplied in (False, True):
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), ORANGE).save(
        file, "AVIF", quality=95, subsampling="4:4:4", alpha_premultiplied=is_multiplied
    )
    assert (b"prem" in file.getvalue()) == is_multiplied
    with Image.open(file) as image:
        assert near(image.convert("RGBA").getpixel((32, 32)), ORANGE), "the file is sound"
    image = pyvips.Image.new_from_buffer(file.getvalue(), "")
    shown[is_multiplied] = image(32, 32)
    print(f"libvips {pyvips.version(0)}.{pyvips.version(1)}, multiplied {is_multiplied}: {shown[is_multiplied]}")
assert near(shown[False], ORANGE)
assert near(shown[True], (128, 64, 0, 128))
on_white = image.flatten(background=255)(32, 32)
print(f"libvips on white: {on_white}; right is {[255, 191, 127]}")
assert near(on_white, (191, 159, 127))
PYTHON
