"""The sample image of a first start."""

import pytest

from images.sample import SAMPLE, draw

pytestmark = pytest.mark.django_db


def test_sample_is_what_its_script_draws() -> None:
    """The tolerance is that of JPEG at quality 88. Versions of libjpeg round differently."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageStat

    with Pillow.open(SAMPLE) as sample:
        difference = ImageChops.difference(draw(), sample.convert("RGB"))
    assert max(ImageStat.Stat(difference).rms) < 3
