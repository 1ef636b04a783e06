#!/usr/bin/env bash
# An animated AVIF by Pillow is no image at all to libvips, though it is named AVIF in its first box, and a still one is read.
#
# Pillow 13.0.0, libvips 8.18 (pyvips-binary 8.18.7). Three frames are saved as AVIF. The first box of the file says
# "avis" (a sequence), and "avif" among the compatible brands: by ISO/IEC 14496-12 and the AVIF specification a reader of
# still images may show its primary item, as browsers, OpenCV, libheif (pillow-heif) and imagecodecs do. Expected: libvips,
# which reads AVIF through libheif, shows the first frame. Seen: it looks at the major brand alone, and the file is of an
# unknown format. The same frame saved as a still AVIF is read. So is the animation, once its major brand is set to
# "avif", which is one of its compatible brands already.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 pillow-heif==1.8.1 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import PIL
import pillow_heif
import pyvips
from PIL import Image

FRAMES = [Image.new("RGB", (64, 64), color) for color in ("red", "lime", "blue")]


def saved(**options):
    file = io.BytesIO()
    FRAMES[0].save(file, "AVIF", **options)
    return file.getvalue()


def by_libvips(data):
    try:
        image = pyvips.Image.new_from_buffer(data, "")
    except pyvips.Error as error:
        return str(error).splitlines()[0]
    return image.width, image.height


still = saved()
animation = saved(save_all=True, append_images=FRAMES[1:], duration=100)
box = animation[: int.from_bytes(animation[:4])]
assert box[8:12] == b"avis"
assert b"avif" in box[16:]
renamed = animation.replace(b"ftypavis", b"ftypavif", 1)
libvips = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"Pillow {PIL.__version__}, libvips {libvips}")
print("still:", by_libvips(still))
print("animation:", by_libvips(animation))
print("animation with the major brand avif:", by_libvips(renamed))
assert pillow_heif.open_heif(io.BytesIO(animation)).size == (64, 64), "libheif reads it"
assert by_libvips(still) == (64, 64)
assert by_libvips(renamed) == (64, 64)
assert by_libvips(animation) == "unable to load from buffer"
PYTHON
