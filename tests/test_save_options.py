"""Options of the encoders: more effort for small images, less for large ones."""

from typing import Any

import pytest
from PIL import Image

from progimage.operations import Output
from transforms.decoding import decode  # noqa: F401  registers the decoders
from transforms.formats.save_options import EncodeTask
from transforms.formats.table import FORMATS


def options(name: str, output: Output, megapixels: float) -> dict[str, Any]:
    return FORMATS[name].options(EncodeTask(output, [Image.new("P", (1, 1))], int(megapixels * 1e6), 1))


@pytest.mark.parametrize(
    ("name", "option", "by_megapixels"),
    [
        pytest.param("webp", "method", {0.5: 4, 1: 4, 6: 1, 12: 1, 24: 0}, id="webp"),
        pytest.param("avif", "speed", {0.5: 8, 1: 8, 6: 9, 24: 9}, id="avif"),
        pytest.param("png", "compress_level", {0.5: 6, 2: 6, 6: 4, 24: 1}, id="png"),
    ],
)
def test_effort_falls_with_pixels(name: str, option: str, by_megapixels: dict[float, int]) -> None:
    assert {m: options(name, Output(quality=80), m)[option] for m in by_megapixels} == by_megapixels


@pytest.mark.parametrize(
    ("name", "option", "fastest", "smallest", "of_large"),
    [
        pytest.param("webp", "method", 0, 6, 0, id="webp"),
        pytest.param("avif", "speed", 10, 2, 9, id="avif"),
        pytest.param("png", "compress_level", 1, 9, 1, id="png"),
    ],
)
def test_effort_is_what_was_asked_for_within_the_deadline(
    name: str, option: str, fastest: int, smallest: int, of_large: int
) -> None:
    asked = [(1, 0.1), (10, 0.1), (10, 40)]
    given = [options(name, Output(quality=80, effort=effort), m)[option] for effort, m in asked]
    assert given == [fastest, smallest, of_large]


@pytest.mark.parametrize("name", ["png", "webp", "avif"])
@pytest.mark.parametrize("megapixels", [0.1, 1, 4, 16, 50])
def test_more_effort_is_never_a_lower_level(name: str, megapixels: float) -> None:
    for lossless in (False, True):
        outputs = [Output(quality=80, lossless=lossless, effort=effort) for effort in range(1, 11)]
        chosen = [options(name, output, megapixels) for output in outputs]
        levels = [
            o["compress_level"] if name == "png" else o.get("method", -o.get("speed", 0)) for o in chosen
        ]
        assert levels == sorted(levels)


def test_the_bytes_of_avif_do_not_depend_on_the_machine() -> None:
    assert options("avif", Output(quality=60), 1)["max_threads"] == 1
