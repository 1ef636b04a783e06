"""Images that ask for more than they look: each is refused at once or served as the limits say, never a 5xx."""

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from images import worker_pool
from images.models import Image as Row
from images.models import Rendition
from tests.conftest import Api, body, use_disk
from tests.support import bombs
from tests.support import images as made
from transforms.workers.pool import configure, pool

PIXELS = {"40 Mpx": (10_000, 4_000), "49.9 Mpx": (8_190, 6_093)}
MB = 1_000_000
FREE_SIZES = {"webp": 16_384}
"""The largest side that a header of the format can name, if that is less than 65,535."""

flat = cache(bombs.flat)


@pytest.fixture(autouse=True)
def _on_disk(settings: Any, tmp_path: Path) -> None:
    """Start a renderer, too, so that no test counts the time for that."""
    use_disk(settings, tmp_path / "files")
    small = tmp_path / "small.png"
    small.write_bytes(made.encoded("png"))
    pool().validate(small)


@contextmanager
def quick(cpu_s: float) -> Iterator[None]:
    """Bound the CPU time of this process and of all renderers. The machine may be busy with others."""
    before = time.process_time() + _cpu_s()
    yield
    assert time.process_time() + _cpu_s() - before < cpu_s


def refusal(api: Api, content: bytes) -> tuple[int, str]:
    answer = api.upload(content)
    assert not Row.objects.exists()
    return answer.status_code, answer.json().get("code", "")


class TestDeclared:
    @pytest.mark.parametrize("name", made.READABLE)
    def test_a_header_is_enough_to_refuse(self, api: Api, name: str) -> None:
        """IMG-2."""
        side = FREE_SIZES.get(name, 65_535)
        with quick(1):
            assert refusal(api, bombs.declaring(name, side, side)) == (422, "image_too_large")

    @pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
    @pytest.mark.parametrize("size", [(8_192, 6_116), (10_000, 6_000)], ids=["50.1 Mpx", "60 Mpx"])
    def test_a_little_too_large(self, api: Api, name: str, size: tuple[int, int]) -> None:
        with quick(1):
            assert refusal(api, bombs.declaring(name, *size)) == (422, "image_too_large")

    @pytest.mark.parametrize("name", ["gif", "png", "webp"])
    def test_5_000_frames(self, api: Api, name: str) -> None:
        """IMG-4."""
        with quick(2):
            assert refusal(api, bombs.animation(name)) == (422, "image_too_large")

    @pytest.mark.parametrize("name", ["gif", "png", "webp"])
    def test_few_frames_of_many_pixels(self, api: Api, name: str) -> None:
        with quick(1):
            assert refusal(api, bombs.animation(name, frames=26)) == (422, "image_too_large")
            assert api.upload(bombs.animation(name, frames=5, canvas=100)).status_code == 201

    def test_half_of_a_giant(self, api: Api) -> None:
        """IMG-10."""
        whole = flat("png", *PIXELS["49.9 Mpx"])
        assert refusal(api, whole[: len(whole) // 2]) == (422, "unprocessable_image")


class TestMetadata:
    @pytest.mark.parametrize(
        ("kind", "prefix"),
        [(b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0")],
        ids=["zTXt", "iTXt", "iCCP"],
    )
    @pytest.mark.parametrize("times", [1, 20])
    def test_that_unpacks_to_a_thousand_times_its_size(
        self, api: Api, kind: bytes, prefix: bytes, times: int
    ) -> None:
        """IMG-5: refused, or taken without it."""
        content = made.png(*[(kind, prefix + _packed())] * times)
        with quick(1), children_below(300 * MB):
            assert api.upload(content).status_code in (201, 422)


class TestTiff:
    """IMG-6."""

    @pytest.mark.parametrize(
        ("directories", "loops"), [(3, True), (100_000, False)], ids=["in a loop", "100,000"]
    )
    def test_directories(self, api: Api, directories: int, loops: bool) -> None:
        with quick(2):
            path = api.stored(bombs.tiff_of_directories(directories, loops=loops))
            assert Image.open(io.BytesIO(body(api.get(f"{path}.png")))).size == (1, 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestLarge:
    """Images within the limits are accepted. Every result is right, or its error says how large it may be.

    No transaction stands around the slow upload: Postgres would end it."""

    @pytest.fixture(autouse=True)
    def _patience(self, deadline_s: Callable[[int], None]) -> None:
        deadline_s(20)

    @pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
    @pytest.mark.parametrize("size", PIXELS.values(), ids=PIXELS)
    def test_thumbnail(self, api: Api, name: str, size: tuple[int, int]) -> None:
        with children_below(1_500 * MB):
            path = api.stored(flat(name, *size))
            thumbnail = body(api.get(f"{path}.png?w=64"))
        assert Image.open(io.BytesIO(thumbnail)).size == (64, round(64 * size[1] / size[0]))

    @pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
    def test_whole(self, api: Api, extension: str) -> None:
        path = api.stored(flat("jpeg", *PIXELS["49.9 Mpx"]))
        with children_below(1_500 * MB):
            answer = api.get(f"{path}.{extension}")
        assert answer.status_code == 200, answer.json()
        assert Image.open(io.BytesIO(body(answer))).size == PIXELS["49.9 Mpx"]

    def test_too_large_a_result_names_the_largest(self, api: Api) -> None:
        path = api.stored(flat("jpeg", *PIXELS["40 Mpx"]))
        answer = api.get(f"{path}.avif")
        assert (answer.status_code, answer.json()["code"]) == (422, "image_too_large")
        largest = re.search(r"at most (\d+) x (\d+) px", answer.json()["detail"])
        assert largest
        width, height = largest.groups()
        assert api.get(f"{path}.jpg?w={width}&h={height}").status_code == 200

    def test_stands_upright(self, api: Api) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        size = PIXELS["49.9 Mpx"]
        image = Image.new("RGB", size, "white")
        image.paste("black", (0, 0, size[0] // 2, size[1]))
        path = api.stored(made.encoded("jpeg", image, exif=exif, quality=50))
        thumbnail = made.pixels(body(api.get(f"{path}.png?w=60")), "L")
        assert thumbnail.shape == (round(60 * size[0] / size[1]), 60)
        assert (thumbnail[:30].max(), thumbnail[-30:].min()) == (0, 255)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestPoisoned:
    """No transaction stands around the slow upload: Postgres would end it."""

    def test_is_rendered_once(self, api: Api, deadline_s: Callable[[int], None]) -> None:
        """IMG-17: a valid image that takes too long is not tried again for every request."""
        deadline_s(60)
        path = api.stored(bombs.jpeg_of_many_scans(4_000, 4_000, 1_000))
        deadline_s(1)
        api.upload(b"x")
        before = _cpu_s()
        answers = [api.get(f"{path}.png") for _ in range(50)]
        assert _cpu_s() - before < 3
        told = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert told == {(422, "takes_too_long")}
        assert Rendition.objects.get().state == Rendition.State.FAILED

    def test_upload_ends_at_the_deadline(self, api: Api, deadline_s: Callable[[int], None]) -> None:
        deadline_s(1)
        before = _cpu_s()
        assert refusal(api, bombs.jpeg_of_many_scans(4_000, 4_000, 1_000)) == (422, "takes_too_long")
        assert api.upload(made.encoded("png")).status_code == 201
        assert _cpu_s() - before < 3


@pytest.fixture
def deadline_s(settings: Any) -> Iterator[Callable[[int], None]]:
    """Give decodes and renders less CPU time, and all the time that a busy machine may need for it."""

    def configure_pool(seconds: int) -> None:
        settings.RENDER_TIMEOUT_S = seconds
        worker_pool.configure()
        configure(replace(pool().settings, wall_factor=20))

    usual = settings.RENDER_TIMEOUT_S
    yield configure_pool
    settings.RENDER_TIMEOUT_S = usual
    worker_pool.configure()


@cache
def _packed() -> bytes:
    return bombs.zeros(200 * MB)


@contextmanager
def children_below(max_bytes: int) -> Iterator[None]:
    """No rendering child may have more resident, at any moment."""
    for child in _renderers():
        Path(f"/proc/{child.pid}/clear_refs").write_text("5")  # proc(5): resets the peak
    yield
    peaks = [
        re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
        for child in _renderers()
    ]
    assert peaks
    assert max(int(peak[1]) * 1024 for peak in peaks if peak) < max_bytes


def _renderers() -> list[psutil.Process]:
    """The children and the server that forks them."""
    family = psutil.Process().children(recursive=True)
    return [process for process in family if "multiprocessing.forkserver" in " ".join(process.cmdline())]


def _cpu_s() -> float:
    """Of all renderers, also of those that ended."""
    return sum(sum(process.cpu_times()[:4]) for process in _renderers())
