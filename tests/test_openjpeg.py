"""Samples of JPEG 2000 as whole numbers."""

import io
from typing import Any

import numpy as np
import pytest

from tests.support.jp2_files import Plane, jp2
from transforms.decoding.jp2 import openjpeg

RAMP = np.arange(36 * 36).reshape(36, 36)


def test_gives_the_samples_as_they_are() -> None:
    planes = [Plane(RAMP - 600, 12, is_signed=True), Plane(RAMP[::2, ::3], 16, grid=(3, 2), alpha=1)]
    signed, smaller = openjpeg.read_channels(io.BytesIO(jp2(planes, space="grey")))
    assert (np.asarray(signed.samples) == RAMP - 600).all()
    assert (signed.bits, signed.is_signed, signed.grid, signed.alpha) == (12, True, (1, 1), 0)
    assert (np.asarray(smaller.samples) == RAMP[::2, ::3]).all()
    assert (smaller.bits, smaller.is_signed, smaller.grid, smaller.alpha) == (16, False, (3, 2), 1)


@pytest.mark.parametrize("content", [b"", b"\xff\x4f\xff\x51", bytes(100)], ids=["nothing", "magic", "zeros"])
def test_damage_is_an_error(content: bytes) -> None:
    with pytest.raises(OSError, match="cannot decode"):
        openjpeg.read_channels(io.BytesIO(content))


def test_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        class opj_version:  # noqa: N801
            def __new__(cls) -> Any:
                return b"3.0.0"

    monkeypatch.setattr(openjpeg, "find_library", lambda _: Library)
    assert not openjpeg.is_available()
