"""The picture in README.md shows what its URLs answer."""

from PIL import Image, ImageChops, ImageStat

from docs.readme_picture import PICTURE, URLS, draw_picture


def test_the_picture_shows_what_the_engine_renders() -> None:
    kept = Image.open(PICTURE)
    drawn = draw_picture()
    assert kept.size == drawn.size, "python -m docs.readme_picture"
    difference = ImageStat.Stat(ImageChops.difference(kept.convert("RGB"), drawn))
    assert max(difference.rms) < 4, "python -m docs.readme_picture"  # of 255: JPEG of quality 90 has 2


def test_the_picture_shows_a_few_formats() -> None:
    extensions = {url.partition("?")[0] for url in URLS}
    assert len(extensions) == len(URLS)
