"""Colours of BMP: a profile that a header of version 5 embeds."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe

__all__ = ["stored"]

ORANGE = Image.new("RGB", (16, 16), files.ORANGE)
PROFILE = profiles.DISPLAY_P3


def test_an_embedded_profile(tmp_path: Path, stored: Store) -> None:
    content = files.bmp(ORANGE, PROFILE)
    same_as_png = files.shown(made.encoded("png", ORANGE, icc_profile=PROFILE), tmp_path)
    assert (files.shown(content, tmp_path) == same_as_png).all()
    assert probe(stored(content)).color_space.profile_name == "made by a test"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(files.bmp(ORANGE, PROFILE, space=b"LINK"), id="a path to a profile"),
        pytest.param(files.bmp(ORANGE, PROFILE, space=b"sRGB"), id="sRGB beside a profile"),
        pytest.param(files.bmp(ORANGE, PROFILE, space=b"\0\0\0\0"), id="calibrated by zeros"),
        pytest.param(files.bmp(ORANGE, PROFILE, offset=2**32 - 1), id="behind the end"),
        pytest.param(files.bmp(ORANGE, b""), id="empty"),
        pytest.param(files.bmp(ORANGE, PROFILE[:200]), id="cut off"),
        pytest.param(files.bmp(ORANGE, PROFILE + bytes(4_000_000)), id="beyond the limit"),
        pytest.param(made.encoded("bmp", ORANGE), id="version 3"),
    ],
)
def test_other_descriptions_are_ignored(content: Any, tmp_path: Path) -> None:
    assert (files.shown(content, tmp_path) == files.ORANGE).all()
