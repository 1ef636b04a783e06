#!/usr/bin/env bash
# An animated AVIF is not the same bytes twice: libavif writes the time of day into it, a still AVIF has none.
#
# Pillow 13.0.0 with the libavif of its wheel. The same two frames are saved with the same options, two seconds apart.
# Expected: the same bytes, as for a still AVIF, an animated WebP, PNG or GIF. Seen: the files have the same length and
# differ in 6 of 1,981 bytes, all within the boxes mvhd, tkhd and mdhd, which hold the time of creation and of
# modification (ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2). Frames decode alike. So a store that names files by the hash of their bytes,
# an ETag made of them, or a test that compares bytes takes one animation for two.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import hashlib
import io
import struct
import time

import PIL
from PIL import Image, features

FRAMES = [Image.radial_gradient("L").convert("RGB").rotate(turn) for turn in (0, 90)]
SAVED = {
    "still AVIF": dict(format="AVIF", quality=60, speed=8, max_threads=1),
    "animated AVIF": dict(format="AVIF", quality=60, speed=8, max_threads=1, save_all=True),
    "animated WebP": dict(format="WEBP", quality=60, save_all=True),
    "animated PNG": dict(format="PNG", save_all=True),
    "animated GIF": dict(format="GIF", save_all=True),
}


def save(options):
    file = io.BytesIO()
    others = {"append_images": FRAMES[1:], "duration": 100} if options.get("save_all") else {}
    FRAMES[0].save(file, **options, **others)
    return file.getvalue()


def boxes(data, start=0, end=None, path=""):
    """Yield the path, start and end of each box that holds a time, and of those around it."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        name = f"{path}/{kind.decode('latin-1')}"
        stop = start + size if size else end
        yield name, start, stop
        if kind in (b"moov", b"trak", b"mdia"):
            yield from boxes(data, start + 8, stop, name)
        start = stop


def pixels(data):
    image = Image.open(io.BytesIO(data))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(image.convert("RGB").tobytes())
    return frames


print(f"Pillow {PIL.__version__}, libavif {features.version('avif')}")
first = {name: save(options) for name, options in SAVED.items()}
time.sleep(2.1)
second = {name: save(options) for name, options in SAVED.items()}
changed = [name for name in SAVED if first[name] != second[name]]
for name in SAVED:
    digests = [hashlib.sha256(saved[name]).hexdigest()[:12] for saved in (first, second)]
    print(f"{name:14} {' '.join(digests)} {'differs' if name in changed else 'same'}")
assert changed == ["animated AVIF"], changed

old, new = first["animated AVIF"], second["animated AVIF"]
assert len(old) == len(new)
places = [place for place in range(len(old)) if old[place] != new[place]]
inner = {}
for place in places:
    inner[place] = max((name for name, start, stop in boxes(old) if start <= place < stop), key=len)
print(f"{len(places)} of {len(old)} bytes differ, in {', '.join(sorted(set(inner.values())))}")
assert {name.rpartition("/")[2] for name in inner.values()} <= {"mvhd", "tkhd", "mdhd"}, inner
assert pixels(old) == pixels(new)
print("The decoded frames are the same.")
PYTHON
