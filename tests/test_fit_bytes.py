"""Few enough bytes, and never more than the original has."""

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge, ResultTooLarge
from tests.conftest import Api
from tests.support import images as made
from transforms.encoding.fit_bytes import MAX_ATTEMPTS, fit_bytes


def write(content: bytes, query: str, folder: Path) -> bytes:
    return made.rendered(content, query, folder)[1]


PHOTOGRAPH = made.encoded("png", made.photograph(480, 320).resize((120, 80)))


@cache
def by_quality(name: str) -> list[bytes]:
    with TemporaryDirectory() as folder:
        return [write(PHOTOGRAPH, f"format={name}&q={quality}", Path(folder)) for quality in range(1, 101)]


class TestMaxBytes:
    @pytest.mark.parametrize("max_bytes", [1_000, 1_500, 3_000, 6_000, 10_000, 100_000])
    @pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jp2"])
    def test_takes_a_quality_that_fits_where_the_next_does_not(
        self, name: str, max_bytes: int, tmp_path: Path
    ) -> None:
        each = by_quality(name)
        if len(each[0]) > max_bytes:
            with pytest.raises(ResultTooLarge):
                write(PHOTOGRAPH, f"format={name}&max_bytes={max_bytes}", tmp_path)
            return
        result = write(PHOTOGRAPH, f"format={name}&max_bytes={max_bytes}", tmp_path)
        last = max(at for at, content in enumerate(each) if content == result)
        assert len(result) <= max_bytes
        assert last == 99 or len(each[last + 1]) > max_bytes

    @pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jp2"])
    def test_the_quality_given_is_the_most(self, name: str, tmp_path: Path) -> None:
        asked, bounded = (
            write(PHOTOGRAPH, f"format={name}&q=40{more}", tmp_path) for more in ("", "&max_bytes=1000000")
        )
        assert asked == bounded

    @pytest.mark.parametrize("name", ["png", "gif", "tiff", "bmp", "webp&lossless=1", "jp2&lossless=1"])
    def test_without_loss_the_result_fits_or_does_not(self, name: str, tmp_path: Path) -> None:
        """A limit lets a PNG be packed as well as it can."""
        usual = write(PHOTOGRAPH, f"format={name}", tmp_path)
        smallest = write(PHOTOGRAPH, f"format={name}&max_bytes={len(usual)}", tmp_path)
        assert smallest == usual or (name == "png" and len(smallest) <= len(usual))
        with pytest.raises(ResultTooLarge) as refused:
            write(PHOTOGRAPH, f"format={name}&max_bytes={len(smallest) - 1}", tmp_path)
        assert refused.value.smallest_bytes == len(smallest)

    @pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
    def test_where_nothing_fits_what_was_reached_is_said(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ResultTooLarge, match="at most 100 bytes") as refused:
            write(PHOTOGRAPH, f"format={name}&max_bytes=100", tmp_path)
        smallest = write(PHOTOGRAPH, f"format={name}&q=1", tmp_path)
        error = pickle.loads(pickle.dumps(refused.value))
        assert (error.code, error.status) == ("result_too_large", 422)
        assert error.members() == {"pointer": "/output/max_bytes", "smallest_bytes": len(smallest)}

    def test_holds_for_all_frames_together(self, tmp_path: Path) -> None:
        frames = [made.photograph(80, 60), made.picture(80, 60), made.checkerboard(80, 60, cell=7)]
        facts, content = made.rendered(
            made.encoded_animation("webp", frames), "format=webp&max_bytes=3000", tmp_path
        )
        assert facts.frames == 3
        assert 2_000 < len(content) <= 3_000

    def test_an_image_with_too_many_pixels_for_a_search_is_refused(self, tmp_path: Path) -> None:
        large = made.encoded("png", Image.new("L", (2_000, 1_001)))
        with pytest.raises(ImageTooLarge, match="within max_bytes of at most 1999 x 1000 px"):
            write(large, "format=jp2&max_bytes=100000", tmp_path)


CURVES: dict[str, Callable[[int], int]] = {
    "line": lambda quality: 100 * quality,
    "jpeg": lambda quality: int(20_000 * (quality + 5) / (105 - quality)),
    "steep": lambda quality: 2**quality,
    "plateaus": lambda quality: 50 + 1_000 * (quality // 9),
    "nothing below 90": lambda quality: 50 if quality < 90 else 40_000 * quality,
    "flat": lambda quality: 4_000 + quality,
}


@pytest.mark.parametrize("max_bytes", [60, 1_000, 4_050, 30_000, 10**9])
@pytest.mark.parametrize("name", CURVES)
class TestSearch:
    def test_finds_the_best_given_time(self, name: str, max_bytes: int) -> None:
        self._check(name, max_bytes, attempts=100)

    def test_takes_few_attempts_and_what_it_finds_fits(self, name: str, max_bytes: int) -> None:
        self._check(name, max_bytes, attempts=MAX_ATTEMPTS, is_best=False)

    def _check(self, name: str, max_bytes: int, *, attempts: int, is_best: bool = True) -> None:
        curve, asked = CURVES[name], []

        def content(quality: int) -> bytes:
            asked.append(quality)
            return bytes(min(curve(quality), 100_000)) if curve(quality) > 0 else b"0"

        fitting = [quality for quality in range(1, 96) if min(curve(quality), 100_000) <= max_bytes]
        if not fitting:
            with pytest.raises(ResultTooLarge, match=f"{curve(1)} bytes"):
                fit_bytes(content, max_bytes, start=80, top=95, attempts=attempts)
        else:
            found = len(fit_bytes(content, max_bytes, start=80, top=95, attempts=attempts))
            best = min(curve(fitting[-1]), 100_000)
            assert found == best if is_best else found <= best
        assert len(asked) == len(set(asked)) <= attempts


@pytest.mark.django_db
def test_what_was_reached_is_told_each_time(api: Api) -> None:
    """The second time it comes from the row that remembers the failure."""
    image_id = api.upload(PHOTOGRAPH).json()["id"]
    first, second = (api.get(f"/images/{image_id}.png?max_bytes=1000") for _ in range(2))
    assert (first.status_code, first.json()["code"]) == (422, "result_too_large")
    assert first.json()["smallest_bytes"] == second.json()["smallest_bytes"] > 1_000
