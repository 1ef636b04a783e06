"""Boxes of ISO base media files: a box that ends outside of its parent ends the walk."""

import io
import struct

import pytest

from transforms.containers.boxes import (
    MAX_BOXES,
    Box,
    boxes,
    find,
    find_in_file,
    find_places,
    walk_file_boxes,
)


def box(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(content) if size is None else size) + kind + content


def large(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    """Return a box whose size has 64 bits."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(content) if size is None else size) + content


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(box(b"aaaa", b"x") + box(b"bbbb", b"yz"), [(b"aaaa", b"x"), (b"bbbb", b"yz")], id="two"),
        pytest.param(
            large(b"aaaa", b"x") + box(b"bbbb"), [(b"aaaa", b"x"), (b"bbbb", b"")], id="a large one"
        ),
        pytest.param(box(b"aaaa", b"to the end", size=0), [(b"aaaa", b"to the end")], id="to the end"),
        pytest.param(box(b"aaaa", b"x", size=10), [], id="beyond the end"),
        pytest.param(box(b"aaaa", b"x", size=7), [], id="smaller than its head"),
        pytest.param(large(b"aaaa", b"x", size=15), [], id="large, smaller than its head"),
        pytest.param(large(b"aaaa", b"x", size=2**63), [], id="of 2^63 bytes"),
        pytest.param(struct.pack(">I4s", 1, b"aaaa"), [], id="large, cut off"),
        pytest.param(box(b"aaaa") + b"\0\0\0", [(b"aaaa", b"")], id="three bytes behind"),
    ],
)
def test_boxes(content: bytes, found: list[tuple[bytes, bytes]]) -> None:
    assert list(boxes(content)) == [Box(*pair) for pair in found]
    file = io.BytesIO(content)
    for kind, inner in found:
        assert find_in_file(file, kind, 1_000) == inner
    assert find_in_file(file, b"none", 1_000) is None


def test_a_walk_is_bounded() -> None:
    content = box(b"free") * MAX_BOXES + box(b"last")
    assert len(list(boxes(content))) == MAX_BOXES
    assert find_in_file(io.BytesIO(content), b"last", 1_000) is None


def test_a_path_leads_through_meta() -> None:
    inner = box(b"iprp", box(b"ipco", b"properties"))
    content = box(b"meta", bytes(4) + inner)
    assert find(content, b"meta", b"iprp", b"ipco") == b"properties"
    assert find(content, b"meta", b"none") is None


def test_a_box_beyond_the_bound_is_not_read() -> None:
    file = io.BytesIO(box(b"meta", bytes(100)))
    file.seek(5)
    assert find_in_file(file, b"meta", 107) is None
    assert find_in_file(file, b"meta", 108) == bytes(100)
    assert file.tell() == 5


def test_places_count_from_the_beginning_of_the_file() -> None:
    content = box(b"free") + box(b"moov", box(b"trak", b"a") + large(b"trak", b"b") + box(b"trak", b"c", 99))
    first, second = find_places(content, b"moov", b"trak")
    assert (first.start, first.body, first.end) == (16, 24, 25)
    assert (second.start, second.body, second.end) == (25, 41, 42)
    assert find_places(content, b"moov", b"trak", b"none") == []


def test_a_box_of_any_size_in_a_box_that_is_cut_off_ends_the_walk() -> None:
    file = io.BytesIO(large(b"jp2h", large(b"ihdr", b"", 2**63) + box(b"colr"), 2**64 - 1))
    (outer,) = walk_file_boxes(file)
    assert [inner.kind for inner in walk_file_boxes(file, outer.body, outer.end)] == [b"ihdr"]
