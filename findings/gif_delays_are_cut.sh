#!/usr/bin/env bash
# A 60 Hz animation loses four tenths of its length as GIF: Pillow cuts a delay to whole hundredths of a second.
#
# Pillow 13.0.0. Frames of 16, 17, 17, 16 ... ms (60 a second) are saved as GIF, whose delays are hundredths of a second.
# Expected: the nearest hundredth, or a cut whose rest is carried to the next frame, so that the whole keeps its length.
# Seen: 10 ms for each frame, so that a second becomes 0.6; 19 ms is 10, and 9 ms is no delay at all. WebP and APNG
# keep 16 and 17 ms. It is worse where it is played: browsers are known to show frames of 10 ms or less for 100 ms
# (not tried here), which a delay of 20 ms, the nearest to 16 and 17, would not meet.
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

FRAMES = [Image.linear_gradient("L").resize((32, 32)).rotate(6 * number) for number in range(60)]


def delays(name, durations, **options):
    """Return each frame's delay in ms, as it is read from the file."""
    file = io.BytesIO()
    frames = FRAMES[: len(durations)]
    frames[0].save(file, name, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    image = Image.open(io.BytesIO(file.getvalue()))
    found = []
    for number in range(image.n_frames):
        image.seek(number)
        image.load()
        found.append(round(image.info.get("duration", 0)))
    return found


print(f"Pillow {PIL.__version__}")
second = [17 if number % 3 else 16 for number in range(60)]
kept = {
    "WEBP": delays("WEBP", second, lossless=True),
    "PNG": delays("PNG", second),
    "GIF": delays("GIF", second),
}
for name, found in kept.items():
    print(f"{name:4} {sum(second)} ms in 60 frames are read as {sum(found)} ms: {found[:4]} ...")
assert kept["WEBP"] == kept["PNG"] == second
assert kept["GIF"] == [10] * 60

single = {duration: delays("GIF", [duration] * 2)[1] for duration in (4, 9, 10, 15, 19, 20, 29)}
print("ms asked for and written:", ", ".join(f"{duration}: {delay}" for duration, delay in single.items()))
assert single == {4: 0, 9: 0, 10: 10, 15: 10, 19: 10, 20: 20, 29: 20}
PYTHON
