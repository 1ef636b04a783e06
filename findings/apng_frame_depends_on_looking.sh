#!/usr/bin/env bash
# A frame of an animated PNG depends on whether those before it were looked at: Pillow draws into what it kept.
#
# Pillow 13.0.0. A white frame is followed by four with a red square of 64 pixels each, every one drawn OVER and
# undone afterwards (dispose_op PREVIOUS), as a sprite that moves is written. Expected: 64 red pixels in each, however
# it is reached, as OpenCV 5.0.0 reads it, and Pillow itself the same file with blend_op SOURCE. Seen: seek(4) at
# once gives 64; with load() at each frame on the way it is 64, 128, 192, 256, for no square is ever taken away: an
# OVER frame is pasted into the very copy that PREVIOUS is to bring back. Whoever converts goes through the frames and
# loads each, so a WebP made of the file has the trail for good. A file that Pillow wrote itself is read wrong too.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 numpy==2.4.6 opencv-python-headless==5.0.0.93
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct
import zlib

import cv2
import numpy
import PIL
from PIL import Image

WHITE, RED = (255, 255, 255), (255, 0, 0)
NONE, PREVIOUS = 0, 2
SOURCE, OVER = 0, 1


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def sprite(blend):
    """Return a 32 x 32 APNG: white, then a red square of 8 x 8 at four places, each undone after it was shown."""
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))]
    parts.append(chunk(b"acTL", struct.pack(">II", 5, 0)))
    sequence = 0
    for number in range(5):
        side, place = (8, 8 * (number - 1)) if number else (32, 0)
        dispose = PREVIOUS if number else NONE
        control = (sequence, side, side, place, place, 1, 10, dispose, blend)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        sequence += 1
        pixels = zlib.compress((b"\0" + bytes(RED if number else WHITE) * side) * side)
        if number:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + pixels))
            sequence += 1
        else:
            parts.append(chunk(b"IDAT", pixels))
    return b"".join([*parts, chunk(b"IEND", b"")])


def red(image):
    return {colour: count for count, colour in image.convert("RGB").getcolors()}.get(RED, 0)


def looked_at(data):
    image = Image.open(io.BytesIO(data))
    counts = []
    for number in range(image.n_frames):
        image.seek(number)
        image.load()
        counts.append(red(image))
    return counts


def at_once(data):
    counts = []
    for number in range(5):
        image = Image.open(io.BytesIO(data))
        image.seek(number)
        counts.append(red(image))
    return counts


def by_opencv(data):
    _, animation = cv2.imdecodeanimation(numpy.frombuffer(data, numpy.uint8))
    return [int((frame[..., :3] == RED[::-1]).all(axis=2).sum()) for frame in animation.frames]


print(f"Pillow {PIL.__version__}, OpenCV {cv2.__version__}; red pixels of each frame")
right = [0, 64, 64, 64, 64]
trail = [0, 64, 128, 192, 256]
over, source = sprite(OVER), sprite(SOURCE)
print("OVER,   OpenCV:                   ", by_opencv(over))
print("OVER,   Pillow, seek() at once:   ", at_once(over))
print("OVER,   Pillow, load() on the way:", looked_at(over))
print("SOURCE, Pillow, load() on the way:", looked_at(source))
assert by_opencv(over) == at_once(over) == looked_at(source) == right
assert looked_at(over) == trail

converted = io.BytesIO()
Image.open(io.BytesIO(over)).save(converted, "WEBP", save_all=True, lossless=True)
print("converted by Pillow to WebP:      ", looked_at(converted.getvalue()))
assert looked_at(converted.getvalue()) == trail

frames = [Image.new("RGB", (32, 32), WHITE) for _ in range(5)]
for number, frame in enumerate(frames[1:]):
    frame.paste(RED, (8 * number, 8 * number, 8 * number + 8, 8 * number + 8))
own = io.BytesIO()
options = dict(disposal=[NONE, *[PREVIOUS] * 4], blend=OVER, duration=100)
frames[0].save(own, "PNG", save_all=True, append_images=frames[1:], **options)
print("saved by Pillow, read by OpenCV:  ", by_opencv(own.getvalue()))
print("saved by Pillow, read by Pillow:  ", looked_at(own.getvalue()))
assert by_opencv(own.getvalue()) == right
assert looked_at(own.getvalue()) == [0, 64, 128, 64, 64]
PYTHON
