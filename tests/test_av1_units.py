"""Units of an AV1 bit stream that hold no pixels: nothing of them stays."""

import io

import pytest
from PIL import Image

from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import validate
from transforms.geometry import Size
from transforms.stripping import strip
from transforms.stripping.av1_units import check_configuration, clear_units
from transforms.stripping.blocks import Unstrippable

__all__ = ["stored"]

SECRET = b"a text that is no pixel"
SIZE = Size(made.WIDTH, made.HEIGHT)


def unit(kind: int, content: bytes, *, extension: bytes = b"") -> bytes:
    head = kind << 3 | 2 | (4 if extension else 0)
    return bytes((head,)) + extension + bytes((len(content),)) + content


def longer(content: bytes, surplus: bytes) -> bytes:
    """Return a still AVIF of one item, whose bytes end the file, with bytes behind them."""
    changed = bytearray(content + surplus)
    data_at = changed.rindex(b"mdat") - 4
    size_at = changed.index(b"iloc") + 22
    item_bytes = int.from_bytes(changed[size_at : size_at + 4])
    assert data_at + 8 + item_bytes == len(content)
    changed[size_at : size_at + 4] = (item_bytes + len(surplus)).to_bytes(4)
    changed[data_at : data_at + 4] = (item_bytes + len(surplus) + 8).to_bytes(4)
    return bytes(changed)


@pytest.mark.parametrize(
    "kind", [0, 5, 9, 14, 15], ids=["reserved", "metadata", "unknown", "last", "padding"]
)
@pytest.mark.parametrize("extension", [b"", b"\x08"], ids=["plain", "extended"])
def test_units_without_pixels_become_zeros(kind: int, extension: bytes, stored: Store) -> None:
    plain = made.encoded("avif", made.picture(), quality=30, speed=9)
    content = longer(plain, unit(kind, SECRET, extension=extension))
    assert validate(stored(content)).stored == SIZE
    bare = strip(content, "avif", SIZE)
    assert bare is not None
    assert SECRET not in bare
    assert validate(stored(bare)).stored == SIZE
    with Image.open(io.BytesIO(bare)) as image:
        assert made.furthest(image, plain) == 0


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"\x28" + SECRET, id="no size"),
        pytest.param(b"\x2a\x40" + SECRET, id="cut off"),
        pytest.param(unit(2, SECRET), id="a delimiter with content"),
        pytest.param(unit(1, SECRET * 3), id="a long sequence header"),
    ],
)
def test_a_stream_that_is_not_understood_is_refused(stream: bytes) -> None:
    with pytest.raises((Unstrippable, IndexError)):
        clear_units(bytearray(stream), 0, len(stream))


@pytest.mark.parametrize("units", [unit(5, SECRET), SECRET, unit(1, SECRET * 3)])
def test_a_configuration_holds_a_sequence_header_alone(units: bytes) -> None:
    check_configuration(b"\x81\0\x0c\0")
    check_configuration(b"\x81\0\x0c\0" + unit(1, b"\0\0"))
    with pytest.raises((Unstrippable, IndexError)):
        check_configuration(b"\x81\0\x0c\0" + units)


@pytest.mark.parametrize("kind", [b"ispe", b"pixi", b"colr", b"av1C"])
def test_the_tail_of_a_property_refuses_the_file(kind: bytes) -> None:
    content = made.encoded("avif", made.picture(), quality=30, speed=9)
    changed = bytearray(content)
    start = changed.index(kind) - 4
    end = start + int.from_bytes(changed[start : start + 4])
    changed[end:end] = SECRET
    for outer in (b"meta", b"iprp", b"ipco", kind):
        place = changed.index(outer) - 4
        size = int.from_bytes(changed[place : place + 4])
        changed[place : place + 4] = (size + len(SECRET)).to_bytes(4)
    offset_at = changed.index(b"iloc") + 18
    offset = int.from_bytes(changed[offset_at : offset_at + 4])
    changed[offset_at : offset_at + 4] = (offset + len(SECRET)).to_bytes(4)
    bare = strip(bytes(changed), "avif", SIZE)
    assert bare is None


def test_the_frames_of_an_animation_hold_no_metadata() -> None:
    frames = [made.picture(), made.picture().rotate(180)]
    content = made.encoded_animation("avif", frames, durations_ms=[90, 90], quality=30, speed=9)
    bare = strip(content, "avif", SIZE)
    assert bare is not None
    moved = content.replace(b"mdat", b"free")
    assert strip(moved, "avif", SIZE) is None
