"""JPEGs without their end marker: accepted if every block of every scan is there, and refused if one lacks."""

import io
from pathlib import Path
from time import process_time
from typing import IO, Any

import pytest
from PIL import Image, ImageFile

from progimage.errors import ImageTooLarge, ProgImageError, UnprocessableImage
from tests.support import images as made
from tests.support.jpegs import SAMPLINGS, Part, joined, parts, sampled
from tests.support.lossless_jpegs import lossless
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe, validate
from transforms.decoding.jpeg import jpeg_structure, missing_end
from transforms.decoding.jpeg.jpeg_structure import Frame, find_frame
from transforms.decoding.jpeg.missing_end import with_end
from transforms.limits import Limits

__all__ = ["stored"]

IMAGES = {
    "photograph": made.photograph(41, 27),
    "flat": Image.new("RGB", (41, 27), "#c86432"),
    "white": Image.new("RGB", (41, 27), "white"),
    "middle grey": Image.new("L", (41, 27), 128),
    "inks": made.photograph(41, 27).convert("CMYK"),
}
WAYS: dict[str, dict[str, Any]] = {
    "4:2:0": {"subsampling": "4:2:0"},
    "4:2:2": {"subsampling": "4:2:2"},
    "4:4:4": {"subsampling": "4:4:4"},
    "tables of its own": {"optimize": True},
    "finest": {"quality": 100},
    "coarse": {"quality": 10},
    "restarts": {"restart_marker_blocks": 1},
    "restarts at each row": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
    "progressive, 4:2:0": {"progressive": True, "subsampling": "4:2:0"},
    "progressive, restarts": {"progressive": True, "restart_marker_rows": 1},
}


def encoded(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **{"quality": 90} | options)
    return buffer.getvalue()


SOURCES = {
    f"{name}, {way}": encoded(image, **options)
    for name, image in IMAGES.items()
    for way, options in WAYS.items()
} | {f"a scan for each, {name}": sampled(made.photograph(41, 27), f) for name, f in SAMPLINGS.items()}


def is_completed(content: bytes) -> bool:
    source = io.BytesIO(content)
    return with_end(source, max_pixels=10_000) is not source


@pytest.mark.parametrize("content", SOURCES.values(), ids=SOURCES)
def test_only_a_file_with_every_block_is_completed(content: bytes) -> None:
    assert is_completed(content[:-2])
    assert is_completed(content[:-1]), "half a marker"
    scan_bytes = len(parts(content)[-1].scan)
    for count in (*range(1, min(6, scan_bytes + 1)), *range(6, len(content) - 2, len(content) // 6)):
        assert not is_completed(content[: -2 - count]), count


@pytest.mark.parametrize("content", [SOURCES["photograph, 4:2:0"], SOURCES["flat, progressive"]])
@pytest.mark.parametrize(
    "surplus", [b"\0", b"\xaa", b"\xff\0", b"\0" * 99, b"\xff\xd0", b"\xff\xe0\0\2", b"\xff\xd8"]
)
def test_nothing_else_may_follow_the_last_block(content: bytes, surplus: bytes) -> None:
    """Zeros follow a download that was given its place before it broke off."""
    assert not is_completed(content[:-2] + surplus)


@pytest.mark.parametrize("count", range(1, 10))
def test_a_progressive_file_that_ends_with_a_scan_lacks_the_next(count: int) -> None:
    segments = parts(SOURCES["photograph, progressive"])
    scans = [index for index, part in enumerate(segments) if part.marker == 0xDA]
    assert len(scans) == 10
    assert not is_completed(joined(segments[: scans[count - 1] + 1])[:-2])


@pytest.mark.parametrize("count", [1, 2])
def test_a_component_without_a_scan_lacks(count: int) -> None:
    segments = parts(SOURCES["a scan for each, 4:4:4"])
    assert not is_completed(joined(segments[:-count])[:-2])


@pytest.mark.parametrize("name", ["photograph, 4:2:0", "photograph, progressive", "a scan for each, 4:2:0"])
def test_a_scan_in_the_middle_lacks_a_block(name: str) -> None:
    segments = parts(SOURCES[name])
    first = next(index for index, part in enumerate(segments) if part.marker == 0xDA)
    segments[first] = segments[first]._replace(scan=segments[first].scan[:-3])
    assert not is_completed(joined(segments)[:-2])


@pytest.mark.parametrize("name", ["photograph, restarts", "photograph, progressive, restarts"])
def test_a_part_between_two_restarts_lacks(name: str) -> None:
    segments = parts(SOURCES[name])
    scan = segments[-1].scan
    restarts = [
        place for place in range(len(scan)) if scan[place] == 0xFF and 0xD0 <= scan[place + 1] <= 0xD7
    ]
    assert len(restarts) > 2
    without_a_part = scan[: restarts[0]] + scan[restarts[1] :]
    for shorter in (without_a_part, scan[: restarts[-1]], scan[: restarts[-1] + 2]):
        segments[-1] = segments[-1]._replace(scan=shorter)
        assert not is_completed(joined(segments)[:-2])


@pytest.mark.parametrize("missing", [b"", b"\xff"], ids=["no end", "half an end"])
@pytest.mark.parametrize("name", ["photograph, 4:2:0", "photograph, progressive", "inks, 4:4:4"])
def test_the_picture_is_that_of_the_whole_file(
    name: str, missing: bytes, stored: Store, tmp_path: Path
) -> None:
    content = SOURCES[name]
    broken = content[:-2] + missing
    path = stored(broken)
    assert validate(path) == validate(stored(broken))
    assert path.read_bytes() == broken
    for query in ("format=png", "w=20&format=png"):
        results = [made.rendered(source, query, tmp_path)[1] for source in (content, broken)]
        assert results[0] == results[1]


def test_a_result_in_the_same_format_has_its_end(tmp_path: Path) -> None:
    content = encoded(IMAGES["photograph"], quality=5)[:-2]
    assert made.rendered(content, "format=jpeg", tmp_path)[1].endswith(b"\xff\xd9")


@pytest.mark.parametrize("name", ["photograph, 4:2:0", "flat, progressive", "white, tables of its own"])
def test_a_file_that_lacks_one_block_is_refused(name: str, stored: Store) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    content = SOURCES[name]
    for count in range(3, 3 + min(12, len(parts(content)[-1].scan))):
        with pytest.raises(UnprocessableImage):
            validate(stored(content[:-count]))


def test_a_lossless_file_is_not_completed() -> None:
    assert not is_completed(lossless(made.picture(20, 20))[:-2])


def test_an_end_that_stands_in_a_thumbnail_is_none() -> None:
    content = SOURCES["photograph, 4:2:0"]
    thumbnail = Part(0xE1, b"Exif\0\0" + content)
    assert is_completed(joined([thumbnail, *parts(content)])[:-2])
    assert not is_completed(joined([thumbnail, *parts(content)])[:-5])


def test_pixels_are_limited_before_blocks_are_counted(stored: Store) -> None:
    segments = parts(SOURCES["middle grey, progressive"])
    large = [
        part._replace(content=b"\x08" + b"\xfa" * 4 + part.content[5:]) if part.marker == 0xC2 else part
        for part in segments
    ]
    with pytest.raises(ImageTooLarge):
        probe(stored(joined(large)[:-2]), Limits())


def test_a_spoiled_file_leaves_as_an_error_of_the_tree_or_not_at_all(stored: Store) -> None:
    for name in ("photograph, 4:2:0", "photograph, progressive, restarts"):
        content = SOURCES[name][:-2]
        for at in range(2, len(content), len(content) // 25):
            try:
                validate(stored(content[:at] + bytes([content[at] ^ 0x5A]) + content[at + 1 :]))
            except ProgImageError:
                continue


@pytest.mark.parametrize("name", ["photograph, 4:2:0", "photograph, progressive"])
def test_a_count_that_would_take_long_is_refused(
    name: str, stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = SOURCES[name]
    work = sum(len(part.scan) for part in parts(content)) - 1
    monkeypatch.setattr(missing_end, "_MOST_WORK", work)
    assert validate(stored(content))
    with pytest.raises(UnprocessableImage, match="too large to count its blocks"):
        probe(stored(content[:-2]))


def test_thousands_of_scans_are_not_counted(stored: Store) -> None:
    """Each passes all blocks, however few bytes it has."""
    content = encoded(Image.new("L", (2_000, 2_000), 128), progressive=True)[:-2]
    last = content[content.rindex(b"\xff\xda") :]
    start = process_time()
    with pytest.raises(UnprocessableImage, match="too large to count its blocks"):
        probe(stored(content + 5_000 * last))
    assert process_time() - start < 1


def test_the_frame_header_of_an_open_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[IO[bytes]] = []
    read = jpeg_structure._find_frame

    def counted(file: IO[bytes]) -> Frame | None:
        reads.append(file)
        return read(file)

    monkeypatch.setattr(jpeg_structure, "_find_frame", counted)
    made.rendered(made.encoded("jpeg", made.photograph(64, 48)), "w=16", tmp_path)
    # the probe opens the file, and so does the render, which asks three times
    assert len(reads) == 2


def test_each_file_has_its_own_frame_header() -> None:
    sizes = [(64, 48), (32, 16)]
    files = [io.BytesIO(made.encoded("jpeg", made.photograph(*size))) for size in sizes]
    frames = [find_frame(file) for file in files]
    assert [frame and frame.size for frame in frames] == sizes
    remembered = len(jpeg_structure._frames)
    files.clear()
    assert len(jpeg_structure._frames) == remembered - 2
