"""README.md and docs/ agree with the code: the picture, the settings, the links."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from docs.readme_picture import PICTURE, URLS, draw_picture

ROOT = Path(__file__).resolve().parents[1]
PAPERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_picture_shows_what_the_engine_renders() -> None:
    kept = Image.open(PICTURE)
    drawn = draw_picture()
    assert kept.size == drawn.size, "python -m docs.readme_picture"
    difference = ImageStat.Stat(ImageChops.difference(kept.convert("RGB"), drawn))
    assert max(difference.rms) < 4, "python -m docs.readme_picture"  # of 255: JPEG of quality 90 has 2


def test_the_picture_shows_a_few_formats() -> None:
    extensions = {url.partition("?")[0] for url in URLS}
    assert len(extensions) == len(URLS)


def test_every_setting_of_the_environment_is_explained() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    names = re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', settings)
    page = (ROOT / "docs" / "operating.md").read_text()
    assert len(names) > 40
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_links_lead_to_files(paper: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", paper.read_text())
    files = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [file for file in files if file and not (paper.parent / file).exists()] == []
