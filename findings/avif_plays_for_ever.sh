#!/usr/bin/env bash
# An animation that plays once plays for ever as AVIF: Pillow takes `loop` for AVIF without an error, and leaves it out.
#
# Pillow 13.0.0 with the libavif of its wheel. The same three frames are saved as GIF, WebP, PNG and AVIF with loop=1.
# Expected: each file says that it plays once, or saving raises. Seen: GIF, WebP and PNG say it; the AVIF is the same as
# with loop=0 but for the time of day, and its edit list has flag 1: repeat (ISO/IEC 14496-12, 8.6.6). Reading it
# gives no loop at all, so a tool that converts between these formats by Pillow cannot know how often an AVIF plays.
# libavif itself has a count of repetitions, for encoders and for decoders.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import PIL
from PIL import Image, features

FRAMES = [Image.linear_gradient("L").convert("RGB").rotate(90 * turn) for turn in range(3)]
FORMATS = {"GIF": {}, "WEBP": {"lossless": True}, "PNG": {}, "AVIF": {"speed": 9}}


def save(name, loop):
    file = io.BytesIO()
    FRAMES[0].save(file, name, save_all=True, append_images=FRAMES[1:], duration=50, loop=loop, **FORMATS[name])
    return file.getvalue()


def edit_list(data):
    """Return the flags and the duration of the only edit list, in units of the movie's timescale."""
    start = data.index(b"elst") + 4
    version, flags = data[start], int.from_bytes(data[start + 1 : start + 4])
    duration = struct.unpack_from(">Q" if version else ">I", data, start + 8)[0]
    return flags, duration


print(f"Pillow {PIL.__version__}, libavif {features.version('avif')}")
read = {}
for name in FORMATS:
    image = Image.open(io.BytesIO(save(name, 1)))
    assert image.n_frames == 3
    read[name] = image.info.get("loop")
    print(f"{name:5} saved with loop=1, read as loop={read[name]}")
assert read == {"GIF": 1, "WEBP": 1, "PNG": 1, "AVIF": None}, read

once = save("AVIF", 1)
for_ever = save("AVIF", 0)
differing = sum(one != other for one, other in zip(once, for_ever, strict=True))
flags, duration = edit_list(once)
print(f"AVIF saved with loop=1 and loop=0: {differing} of {len(once)} bytes differ; edit list: flags {flags}, {duration}")
assert edit_list(for_ever) == (flags, duration)
assert differing <= 6, "more than the times differ"
assert flags & 1, "it does not repeat"
PYTHON
