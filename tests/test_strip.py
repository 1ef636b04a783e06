"""Originals cut down to their pixels: each format, with metadata and payloads in all places that it has."""

import io
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from progimage.transform import Transform
from tests.support import images as made
from tests.support.carriers import CARRIERS, SECRET, SIZES, encoded, exif
from transforms.decoding.decode import opened
from transforms.encoding.keep_original import prefer_original
from transforms.formats.metadata import Metadata
from transforms.geometry import Size
from transforms.limits import DEFAULT_LIMITS
from transforms.planning.plan import make_plan
from transforms.planning.resolve import resolve
from transforms.stripping import is_bare, strip


def format_of(name: str) -> str:
    return "png" if name == "apng" else name.split(",", maxsplit=1)[0]


def shown(content: bytes) -> list[tuple[bytes, Any]]:
    """Return the pixels and the duration of each frame."""
    with Image.open(io.BytesIO(content)) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            pixels = image.convert("RGBA") if "I" not in image.mode else image
            frames.append((pixels.tobytes(), image.info.get("duration")))
        return [*frames, (b"", image.info.get("loop"))]


@pytest.mark.parametrize("name", CARRIERS)
def test_a_stripped_image_shows_the_same_and_holds_nothing_else(name: str) -> None:
    content = CARRIERS[name]()
    size = Size(*SIZES.get(name, (made.WIDTH, made.HEIGHT)))
    bare = strip(content, format_of(name), size)
    assert bare is not None
    assert is_bare(bare, format_of(name))
    assert shown(bare) == shown(content)
    assert len(bare) <= len(content)
    assert SECRET.encode() not in bare
    assert strip(bare, format_of(name), size) == bare


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("level", ["safe", "copyright", "keep"])
def test_a_result_is_never_larger_than_its_original(name: str, level: str, tmp_path: Path) -> None:
    """WEB-2 and PRI-1: what is dropped is in no result. Metadata have no place in an animated AVIF whose tables hold
    places in the file."""
    content = CARRIERS[name]()
    facts, result = made.rendered(content, f"metadata={level}", tmp_path)
    if level == "safe" or "avif, animated" not in name:
        assert len(result) <= len(content)
    assert facts.size_bytes == len(result)
    assert (facts.width, facts.height) == SIZES.get(name, (made.WIDTH, made.HEIGHT))
    if level != "keep":
        assert SECRET.encode() not in result


@pytest.mark.parametrize(
    "name",
    ["jpeg", "png, one bit", "webp", "webp, lossless", "webp, alpha", "webp, animated", "avif", "tiff, fax"],
)
def test_metadata_that_are_kept_stand_in_a_stripped_image(name: str, tmp_path: Path) -> None:
    content = CARRIERS[name]()
    result = made.rendered(content, "metadata=keep&q=100" if name != "avif" else "metadata=keep", tmp_path)[1]
    with Image.open(io.BytesIO(result)) as image:
        kept = dict(getattr(image, "tag_v2", None) or image.getexif())
        assert SECRET in str(kept)
    if "fax" not in name:
        assert shown(result) == shown(content)


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_image_that_must_be_turned_is_not_kept(format: str, orientation: int, tmp_path: Path) -> None:
    upright = made.picture()
    turned = made.turned_back(orientation, upright)
    options = {"JPEG": {"quality": 30}, "WEBP": {"quality": 30}, "AVIF": {"quality": 90}}.get(format, {})
    content = encoded(format, turned, exif=exif(orientation), **options)
    facts, result = made.rendered(content, "", tmp_path)
    assert (facts.width, facts.height) == upright.size
    assert made.psnr(result, upright) > 25


def damaged(name: str) -> bytes:
    content = CARRIERS[name.split(":", maxsplit=1)[0]]()
    what = name.split(":")[1]
    changes = {
        "a crop": (b"pixi", b"clap"),
        "a turn": (b"pixi", b"irot"),
        "wide primaries": (b"nclx\0\1\0\15", b"nclx\0\14\0\15"),
        "PQ": (b"nclx\0\1\0\15", b"nclx\0\11\0\20"),
        "an unknown marker": (b"\xff\x5c", b"\xff\x30"),
        "CIELab": (b"colr\1\0\0\0\0\0\20", b"colr\1\0\0\0\0\0\16"),
        "an unknown critical chunk": (b"IDAT", b"JDAT"),
        "an unknown segment": (b"\xff\xdb", b"\xff\xf0"),
        "arithmetic codes": (b"\xff\xc0", b"\xff\xc9"),
        "12 bits": (b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        "a frame of two pictures": (b"VP8 ", b"VP9 "),
    }
    old, new = changes[what]
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize(
    "name",
    [
        "avif:a crop", "avif:a turn", "avif:wide primaries", "avif:PQ", "jp2:an unknown marker", "jp2:CIELab",
        "png, palette:an unknown critical chunk",
        "jpeg:an unknown segment", "jpeg:arithmetic codes", "jpeg:12 bits", "webp:a frame of two pictures",
    ],
)  # fmt: skip
def test_what_is_not_known_to_be_pixels_in_srgb_is_not_kept(name: str) -> None:
    assert (
        strip(damaged(name), format_of(name.split(":", maxsplit=1)[0]), Size(made.WIDTH, made.HEIGHT)) is None
    )


@pytest.mark.parametrize("name", CARRIERS)
def test_a_broken_file_is_not_kept_and_raises_nothing(name: str) -> None:
    """Each prefix, and each file with a byte changed, is either refused or no longer than the whole."""
    content = CARRIERS[name]()
    size = Size(*SIZES.get(name, (made.WIDTH, made.HEIGHT)))
    random = np.random.default_rng(5)
    for place in random.integers(1, len(content), 60).tolist():
        changed = bytearray(content)
        changed[place] ^= 255
        for broken in (content[:place], bytes(changed)):
            bare = strip(broken, format_of(name), size)
            assert bare is None or len(bare) <= len(content) + 64


@pytest.mark.parametrize(
    "payload", [b"<?php eval(1); ?>", b"<script>x()</script>", b"%PDF-1.7", b"PK\3\4", b"<?=`$_GET[0]`?>"]
)
@pytest.mark.parametrize("name", ["jpeg", "tiff, fax", "gif"])
def test_a_script_behind_the_last_pixel_is_not_kept(name: str, payload: bytes) -> None:
    content = CARRIERS[name]()
    if name == "jpeg":
        content = content[:-2] + payload + content[-2:]
    bare = strip(content, format_of(name), Size(made.WIDTH, made.HEIGHT)) or b""
    bare = bare if name == "jpeg" else bare + payload
    assert not is_bare(bare, format_of(name))


def test_phps_short_tag_alone_is_chance() -> None:
    assert is_bare(b"..<?=\x80\x81\x82\x83..", "jpeg")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="a JFIF header that is replaced"),
        pytest.param({"keep_rgb": True}, id="Adobe's RGB takes no JFIF header"),
    ],
)
def test_a_density_changes_no_colours(options: dict[str, Any], tmp_path: Path) -> None:
    """A decoder takes three channels for YCbCr if there is a JFIF header."""
    tags = exif()
    tags[0x011A] = tags[0x011B] = 300.0
    tags[0x0128] = 2
    content = encoded("JPEG", made.picture(), quality=20, optimize=True, exif=tags, **options)
    result = made.rendered(content, "metadata=keep&q=95", tmp_path)[1]
    assert len(result) <= len(content)
    assert made.furthest(result, content) == 0


def many_blocks(name: str) -> bytes:
    """Return a file with 60,000 blocks that hold nothing."""
    if name == "jpeg":
        whole = CARRIERS["jpeg"]()
        return whole[:2] + b"\xff\xfe\0\2" * 60_000 + whole[2:]
    if name == "png":
        whole = CARRIERS["png, palette"]()
        return whole[:33] + made.png((b"tEXt", b""))[33:45] * 60_000 + whole[33:]
    if name == "jp2":
        whole = CARRIERS["jp2"]()
        end = whole.index(b"jp2c") - 4
        return whole[:end] + b"\0\0\0\x08free" * 60_000 + whole[end:]
    whole = CARRIERS["webp"]() + b"JUNK\0\0\0\0" * 60_000
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "jp2"])
def test_too_many_blocks_are_refused(name: str) -> None:
    """Each would cost time and hold no pixel."""
    assert strip(many_blocks(name), name, Size(made.WIDTH, made.HEIGHT)) is None


def wide_gamut(format: str) -> bytes:
    """Return few bytes in Display P3 or with a gamma of 1 in a PNG, else in sRGB by a profile."""
    if format == "png by cICP":
        chunk = made.png((b"cICP", b"\14\15\0\1"))[33:49]
        whole = made.encoded("png")
        return whole[:33] + chunk + whole[33:]
    if format == "png by gAMA":
        return made.png((b"gAMA", pack(">I", 100_000)))
    name = format.split(maxsplit=1)[0].upper()
    packed = {"compression": "jpeg"} if name == "TIFF" else {}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return encoded(name, made.picture(), icc_profile=profile.tobytes(), quality=20, **packed)


@pytest.mark.parametrize(
    ("format", "is_kept"),
    [
        ("png by cICP", False),
        ("png by gAMA", False),
        ("jpeg sRGB", True),
        ("webp sRGB", True),
        ("avif sRGB", True),
        ("tiff sRGB", True),
    ],
)
def test_only_colours_in_srgb_stand_for_themselves(format: str, is_kept: bool, tmp_path: Path) -> None:
    """An original in other colours is converted, although its profile could be cut out as well."""
    content = wide_gamut(format)
    path = tmp_path / "original"
    path.write_bytes(content)
    with opened(path, DEFAULT_LIMITS) as (image, header):
        plan = make_plan(image, header, resolve(Transform(), header.format), DEFAULT_LIMITS)
    original = prefer_original(path, plan, Metadata(), bytes(len(content) + 1))
    assert (original is not None) is is_kept
