"""Rules that hold for every operation of the catalogue. Its example is applied to many sources."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ImageTooLarge, ParameterError
from progimage.operations import Kind, Operation, Output, operations
from progimage.text_form import parse_text, spell_text
from progimage.transform import Transform
from tests.support import images as made
from transforms.decoding.decode import probe
from transforms.engine import render_file
from transforms.geometry import Size
from transforms.limits import DEFAULT_LIMITS
from transforms.planning.resolve import cache_key, resolve
from transforms.render import measure, settle
from transforms.render import render as paint

OTHER = made.encoded("png", made.translucent(24, 16))
REFERENCE = f"sha256:{hashlib.sha256(OTHER).hexdigest()}"

SOURCES = {
    "jpeg": lambda: made.encoded("jpeg"),
    "grey jpeg": lambda: made.encoded("jpeg", made.picture().convert("L")),
    "cmyk jpeg": lambda: made.encoded("jpeg", made.picture().convert("CMYK")),
    "turned jpeg": lambda: made.encoded_oriented(6),
    "translucent png": lambda: made.encoded("png", made.translucent()),
    "16-bit png": lambda: made.encoded(
        "png", Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80) * 13)
    ),
    "palette png": lambda: made.encoded("png", made.picture().convert("P")),
    "1 px": lambda: made.encoded("png", Image.new("RGBA", (1, 1), "#ff880080")),
    "1 px high": lambda: made.encoded("png", made.picture().resize((120, 1))),
}
ANIMATIONS = ("gif", "webp", "png")
PANORAMA = Size(9_000, 90)

every_operation = pytest.mark.parametrize("name", sorted(operations()))


def example(name: str) -> Operation:
    """Return the operation of a class's own example, its other images replaced as a server replaces them."""
    spelled = operations()[name].example
    (operation,) = parse_text(f"{name}:{spelled}" if spelled else name)
    references = {
        field: REFERENCE
        for field, parameter in operation.parameters().items()
        if parameter.type == "image" and getattr(operation, field)
    }
    return replace(operation, **references)


def load(reference: str) -> Image.Image:
    assert reference == REFERENCE
    return Image.open(BytesIO(OTHER)).convert("RGBA")


def render(content: bytes, operation: Operation, folder: Path, output: Output | None = None) -> Image.Image:
    return Image.open(_render(content, operation, folder, output or Output(format="png")))


def _render(content: bytes, operation: Operation, folder: Path, output: Output) -> Path:
    source, target, other = folder / "source", folder / "target", folder / "other"
    source.write_bytes(content)
    other.write_bytes(OTHER)
    others: Mapping[str, Path] = {REFERENCE: other}
    render_file(source, resolve(Transform((operation,), output), probe(source).format), target, others=others)
    return target


def over_white(image: Image.Image) -> Image.Image:
    below = Image.new("RGBA", image.size, "white")
    below.alpha_composite(image.convert("RGBA"))
    return below.convert("RGB")


@every_operation
def test_says_what_it_is(name: str) -> None:
    operation = operations()[name]
    assert operation.kind in get_args(Kind)
    assert (operation.__doc__ or "").strip().endswith(".")
    for parameter in operation.parameters().values():
        assert parameter.help, parameter.name
        assert parameter.help.endswith("."), parameter.help
        if parameter.type in (int, float):
            assert parameter.range, f"{parameter.name} has no bounds"
        if parameter.is_list:
            assert parameter.items, f"{parameter.name} has no greatest length"


@every_operation
def test_has_one_meaning_in_every_spelling(name: str) -> None:
    operation = example(name)
    assert parse_text(spell_text([operation])) == (operation,)
    transform = Transform((operation,))
    read = Transform.from_json(transform.canonical_json())
    assert read == transform
    assert len({cache_key("0" * 64, resolve(each, "png")) for each in (transform, read)}) == 1
    json.dumps([parameter.schema() for parameter in operation.parameters().values()])


@every_operation
@pytest.mark.parametrize("source", SOURCES)
def test_takes_every_source(name: str, source: str, tmp_path: Path) -> None:
    """The result has the size that was measured before; if pixels decide the size, it is at most that."""
    operation = example(name)
    content = SOURCES[source]()
    try:
        result = render(content, operation, tmp_path)
    except ParameterError:
        assert source.startswith("1 px"), "an example that fits no image"
        return
    expected = measure(operation, probe(tmp_path / "source").upright)
    assert 1 <= result.width <= expected.width
    assert 1 <= result.height <= expected.height
    if "trim" not in name:
        assert result.size == expected
    assert result.tobytes() == render(content, operation, tmp_path).tobytes()


@every_operation
def test_takes_a_panorama_unless_it_grows_the_long_side(name: str, tmp_path: Path) -> None:
    """A side of the source may be longer than the setting. An operation may not make such a side longer."""
    operation = example(name)
    content = made.encoded("png", made.picture(PANORAMA.width, PANORAMA.height))
    size = measure(operation, PANORAMA)
    grows = size.width > PANORAMA.width or size.height > DEFAULT_LIMITS.max_output_side
    if grows or size.pixels > DEFAULT_LIMITS.max_enlarged_pixels:
        with pytest.raises(ImageTooLarge):
            render(content, operation, tmp_path)
        return
    with render(content, operation, tmp_path) as result:
        assert result.size == size if "trim" not in name else result.width <= size.width


@every_operation
@pytest.mark.parametrize("format", ANIMATIONS)
def test_is_done_to_every_frame(name: str, format: str, tmp_path: Path) -> None:
    """The middle frame is as if it were rendered alone, except for values that the first frame decides for all."""
    frames = [
        made.picture(),
        made.picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        made.checkerboard(120, 80, cell=9),
    ]
    content, operation = made.encoded_animation(format, frames), example(name)
    shown = made.frames_of(_render(content, operation, tmp_path, Output(format="png")).read_bytes(), tmp_path)
    before = made.frames_of(content, tmp_path)
    assert [frame.duration_ms for frame in shown] == [frame.duration_ms for frame in before]
    assert len({frame.image.size for frame in shown}) == 1
    if settle(operation, before[0].image, load) == operation:
        alone = render(made.encoded("png", before[1].image), operation, tmp_path)
        assert made.furthest(over_white(shown[1].image), over_white(alone)) == 0


@every_operation
def test_what_is_hidden_stays_hidden(name: str, tmp_path: Path) -> None:
    """Colours below full transparency change nothing that is seen: nothing is averaged with them."""
    shown = made.translucent()
    alpha = shown.getchannel("A").point(lambda value: 0 if value < 128 else 255)
    seen = []
    for hidden in ("#ff0000", "#00ff00"):
        image = Image.new("RGB", shown.size, hidden)
        image.paste(shown.convert("RGB"), mask=alpha)
        image.putalpha(alpha)
        seen.append(over_white(render(made.encoded("png", image), example(name), tmp_path)))
    assert made.furthest(seen[0], seen[1]) <= 1  # premultiplied 8-bit values are rounded once


@every_operation
def test_does_not_touch_its_source(name: str) -> None:
    for image in (made.picture(), made.translucent()):
        before = image.tobytes()
        step = settle(example(name), image, load)
        paint(step, image)
        assert image.tobytes() == before


PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.test_every_operation import SOURCES, example, _render
from progimage.operations import Output, operations
import hashlib, tempfile

def digest(name):
    with tempfile.TemporaryDirectory() as folder:
        path = _render(SOURCES["translucent png"](), example(name), Path(folder), Output(format="png"))
        return hashlib.sha256(path.read_bytes()).hexdigest()

with ThreadPoolExecutor(int(sys.argv[1])) as threads:
    print(*threads.map(digest, sorted(operations())))
"""


def test_bytes_are_the_same_with_any_number_of_threads() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, threads], capture_output=True, text=True, check=True
        ).stdout
        for threads in ("1", "4")
    }
    assert len(runs) == 1
    assert len(runs.pop().split()) == len(operations())


def test_the_size_is_measured_without_an_image() -> None:
    assert measure(example("resize"), Size(3000, 2000)) == (300, 200)
