"""The libraries in Pillow's wheels."""

import pytest

from transforms.decoding.bundled_libraries import find_library


@pytest.mark.parametrize("name", ["libopenjp2", "libtiff", "libwebp"])
def test_finds_each_library_that_is_called(name: str) -> None:
    assert find_library(name)


def test_a_library_that_is_not_there_is_none() -> None:
    assert find_library("libnothing") is None
