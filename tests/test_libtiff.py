"""Rows of a TIFF, as the library gives them."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.tiff_files import Page, tiff
from transforms.decoding.tiff import libtiff
from transforms.decoding.tiff.tiff_layout import read_layout
from transforms.decoding.tiff.tiff_pages import load_directory

SAMPLES = np.arange(40 * 50, dtype="u2").reshape(40, 50, 1)


@pytest.mark.parametrize("max_pixels", [1, 120, 10_000])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_rows_come_in_order_and_in_moderate_numbers(
    tile: tuple[int, int] | None, max_pixels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libtiff, "_ROWS_PIXELS", max_pixels)
    path = tmp_path / "tiff"
    path.write_bytes(tiff(Page(samples=SAMPLES, tile=tile), order=">"))
    with path.open("rb") as file:
        tags = load_directory(file)
        position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
        blocks = list(libtiff.read_rows(file, tags.offset, read_layout(tags)))
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == position
    assert [top for top, _, _ in blocks] == list(np.cumsum([0] + [rows for _, rows, _ in blocks[:-1]]))
    assert max(rows for _, rows, _ in blocks) <= max(1, max_pixels // 50)
    content = b"".join(planes[0] for _, _, planes in blocks)
    assert (np.frombuffer(content, "=u2") == SAMPLES.ravel()).all()


def test_knows_its_codecs() -> None:
    assert libtiff.has_codec(5)
    assert not libtiff.has_codec(34887)


def test_errors_of_a_file_are_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiff"
    path.write_bytes(tiff(Page(samples=SAMPLES, tags={279: (1,) * 6})))
    with path.open("rb") as file:
        tags = load_directory(file)
        with pytest.raises(OSError, match="of 700 bytes"):
            list(libtiff.read_rows(file, tags.offset, read_layout(tags)))
    assert capfd.readouterr().err == ""


def test_a_file_that_cannot_be_opened_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "tiff"
    path.write_bytes(tiff(Page(samples=SAMPLES)))
    with path.open("r+b") as file:
        tags = load_directory(file)
        layout = read_layout(tags)
        file.truncate(8)
        open_files = len(list(Path("/dev/fd").iterdir()))
        with pytest.raises(OSError, match="cannot open"):
            list(libtiff.read_rows(file, tags.offset, layout))
        assert len(list(Path("/dev/fd").iterdir())) == open_files
