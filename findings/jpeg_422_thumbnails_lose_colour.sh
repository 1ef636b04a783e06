#!/usr/bin/env bash
# A thumbnail of a 4:2:2 JPEG has worse colours than that of a 4:2:0 JPEG, which stores half as many of them.
#
# Pillow 13.0.0 and libvips 8.18 (pyvips-binary 8.18.7), both over libjpeg-turbo. The same photograph-like picture of
# 1024 x 768 px is saved at quality 90 in five ways of storing colour, read at 1/2, 1/4 and 1/8 by the decoder's own
# reduction (draft() and shrink=, which every fast thumbnailer uses), and compared with a full decode that is averaged.
# Expected: the more colour the file holds, the better the thumbnail, as of a full decode. Seen, in dB at 1/8: 4:4:4 52,
# 4:2:0 49, 4:2:2 and 4:4:0 30, 4:1:1 26, in both libraries to the digit. The smaller the thumbnail, the worse: 4:2:2 has 35,
# 33, 30 at 1/2, 1/4, 1/8 where 4:2:0 has 38, 43, 49. Many cameras write 4:2:2. A reduction to the next larger size and an
# average after it avoids the loss.
#
# Needs Python 3.11 or later with venv. Exit status 0 as long as this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6 pyvips==3.2.0 pyvips-binary==8.18.7
"$folder/venv/bin/python" -W error - <<'PYTHON'
import io

import imagecodecs
import numpy
import PIL
import pyvips
from PIL import Image

WIDTH, HEIGHT = 1024, 768


def photograph():
    """Return noise whose spectrum falls as that of natural images does."""
    random = numpy.random.default_rng(1)
    frequency = numpy.hypot(numpy.fft.fftfreq(HEIGHT)[:, None], numpy.fft.rfftfreq(WIDTH)[None, :])
    frequency[0, 0] = 1
    phases = numpy.exp(2j * numpy.pi * random.random((3, *frequency.shape)))
    channels = numpy.fft.irfft2(phases / frequency**1.2, s=(HEIGHT, WIDTH))
    channels = 128 + 45 * (channels - channels.mean()) / channels.std()
    return numpy.ascontiguousarray(numpy.moveaxis(channels, 0, -1).clip(0, 255).astype(numpy.uint8))


def psnr(one, other):
    return 10 * numpy.log10(255**2 / ((numpy.float64(one) - numpy.float64(other)) ** 2).mean())


pixels = photograph()
libvips = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"Pillow {PIL.__version__}, libvips {libvips}: dB at 1/2, 1/4, 1/8")
found = {}
for sampling in ("444", "420", "422", "440", "411"):
    data = imagecodecs.jpeg8_encode(pixels, level=90, subsampling=sampling)
    for scale in (2, 4, 8):
        with Image.open(io.BytesIO(data)) as whole:
            right = numpy.asarray(whole.reduce(scale))
        with Image.open(io.BytesIO(data)) as draft:
            draft.draft(None, (WIDTH // scale, HEIGHT // scale))
            by_pillow = psnr(draft, right)
        by_libvips = psnr(pyvips.Image.jpegload_buffer(data, shrink=scale).numpy(), right)
        assert abs(by_pillow - by_libvips) < 0.1, "both libraries do the same"
        found[sampling, scale] = by_pillow
    print(sampling, *(f"{found[sampling, scale]:.1f}" for scale in (2, 4, 8)))
for sampling, worst in (("422", 32), ("440", 32), ("411", 28)):
    assert found[sampling, 8] < worst < 47 < found["420", 8]
    assert found[sampling, 8] < found[sampling, 4] < found[sampling, 2]
PYTHON
