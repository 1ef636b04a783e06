#!/usr/bin/env bash
# Opaque black at the edge of a frame gets lost in a transparent GIF: Pillow takes it for the transparent entry.
#
# Pillow 13.0.0. Two frames of 24 x 18 pixels with palettes of their own: a red dot, then a black band 6 pixels wide at
# the left edge, each on a transparent canvas. They are saved with disposal 2 (cleared after they were shown), as frames
# that must leave nothing behind are. Expected: the band is there when the file is read. Seen: the second frame is
# stored from x = 6 on, and the band is gone. To find the part that differs from the cleared canvas, the frame is
# compared with a canvas in the colour of the first frame's transparent entry, made opaque: black, if that entry is
# black, as quantize() leaves it. With an entry of a colour that no frame has, the band is kept.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io

import PIL
from PIL import Image

SIZE = (24, 18)
BAND = (0, 0, 6, 18)


def frame(color, box, key):
    """Return a frame whose entry 0 is its colour, and entry 1, of the colour `key`, is transparent."""
    image = Image.new("P", SIZE, 1)
    image.putpalette([*color, *key])
    image.paste(0, box)
    image.info["transparency"] = 1
    return image


def black_pixels(key):
    frames = [frame((255, 0, 0), (10, 5, 14, 9), key), frame((0, 0, 0), BAND, key)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100, disposal=2)
    image = Image.open(io.BytesIO(file.getvalue()))
    image.seek(1)
    extent = image.dispose_extent
    shown = dict((color, count) for count, color in image.convert("RGBA").getcolors())
    return shown.get((0, 0, 0, 255), 0), extent


print(f"Pillow {PIL.__version__}")
cut, cut_extent = black_pixels((0, 0, 0))
kept, kept_extent = black_pixels((1, 2, 3))
print(f"transparent entry (0, 0, 0): {cut} black pixels of {6 * 18}, the frame is stored in {cut_extent}")
print(f"transparent entry (1, 2, 3): {kept} black pixels of {6 * 18}, the frame is stored in {kept_extent}")
assert kept == 6 * 18
assert cut == 0
assert cut_extent == (6, 0, 24, 18)
PYTHON
