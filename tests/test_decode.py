"""The door: what is let in, what is refused, and that nothing else ever comes out of it."""

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge, ProgImageError, UnprocessableImage, UnsupportedFormat
from tests.support import images as made
from transforms.decoding.decode import probe, validate
from transforms.decoding.header import Header
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, FORMATS
from transforms.limits import Limits

Store = Callable[[bytes], Path]


@pytest.fixture
def stored(tmp_path: Path) -> Store:
    def store(content: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(content)
        return path

    return store


@pytest.mark.parametrize("name", made.READABLE)
def test_the_header_of_every_format(name: str, stored: Store) -> None:
    path = stored(made.encoded(name))
    header = Header(
        format=name,
        media_type=FORMATS[name].media_type,
        width=made.WIDTH,
        height=made.HEIGHT,
        frames=1,
        has_alpha=False,
        orientation=1,
    )
    assert probe(path) == header
    assert validate(path) == header


@pytest.mark.parametrize(
    "name", [name for name, format in FORMATS.items() if format.has_alpha and format.can_write]
)
def test_alpha_is_seen(name: str, stored: Store) -> None:
    assert probe(stored(made.encoded(name, made.translucent()))).has_alpha


@pytest.mark.parametrize("name", made.ANIMATED)
def test_frames_are_counted(name: str, stored: Store) -> None:
    assert validate(stored(made.encoded_animation(name))).frames == 3


def test_only_the_first_page_of_a_tiff_counts(stored: Store) -> None:
    pages = made.encoded("tiff", save_all=True, append_images=[made.picture()])
    assert validate(stored(pages)).frames == 1


def test_only_the_first_image_of_an_mpo_counts(stored: Store) -> None:
    buffer = io.BytesIO()
    made.picture().save(buffer, "MPO", save_all=True, append_images=[made.picture()])
    header = validate(stored(buffer.getvalue()))
    assert (header.format, header.media_type, header.frames) == ("jpeg", "image/jpeg", 1)


def test_the_largest_image_of_an_ico_counts(stored: Store) -> None:
    icon = made.encoded("ico", made.picture(64, 64), sizes=[(16, 16), (64, 64), (32, 32)])
    assert validate(stored(icon)).stored == (64, 64)


def test_the_picture_before_an_apng_is_not_a_frame(stored: Store, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("white", "red", "blue")]
    content = made.encoded_animation("png", frames, default_image=True, durations_ms=(100, 200))
    assert validate(stored(content)).frames == 2
    colors = [tuple(made.pixels(frame.image)[0, 0]) for frame in made.frames_of(content, tmp_path)]
    assert colors == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_orientation_is_read(name: str, orientation: int, stored: Store) -> None:
    header = probe(stored(made.encoded_oriented(orientation, name)))
    assert header.orientation == orientation
    assert header.upright == (made.WIDTH, made.HEIGHT)


def _exif(kind: int, count: int, value: bytes) -> bytes:
    """Return EXIF that holds an orientation of that TIFF type."""
    return b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 0x0112, kind, count) + value


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(_exif(3, 1, struct.pack("<HHI", 0, 0, 0)), id="0"),
        pytest.param(_exif(3, 1, struct.pack("<HHI", 9, 0, 0)), id="9"),
        pytest.param(_exif(2, 20, struct.pack("<II", 26, 0) + b"<?php phpinfo(); ?>\0"), id="text"),
        pytest.param(_exif(5, 1, struct.pack("<IIII", 26, 0, 6, 0)), id="six divided by nothing"),
        pytest.param(_exif(3, 2**31, struct.pack("<II", 2**31, 0)), id="outside"),
        pytest.param(b"Exif\0\0II*\0\xff\xff\xff\xff", id="no directory"),
    ],
)
def test_a_wrong_orientation_is_none(exif: bytes, stored: Store) -> None:
    """Broken metadata is no reason to refuse an image."""
    assert validate(stored(made.encoded("jpeg", exif=exif))).orientation == 1


@pytest.mark.parametrize(
    "name", [b"loop", b"duration", b"icc_profile", b"exif", b"default_image", b"gamma", b"dpi"]
)
def test_a_text_in_a_png_is_nothing_else(name: bytes, stored: Store, tmp_path: Path) -> None:
    """Pillow keeps the texts of a PNG beside what it has read itself, under the names that they bear."""
    content = made.png((b"tEXt", name + b"\0twice"))
    assert validate(stored(content)).frames == 1
    for written in ("gif", "png", "jpeg"):
        assert made.rendered(content, f"format={written}", tmp_path)[0].frames == 1


NOT_AN_IMAGE = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"Lorem ipsum dolor sit amet",
    "html": b"<!DOCTYPE html><html><body onload=alert(1)>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg, billion laughs": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b'<!ENTITY b "&a;&a;">' * 50,
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "photoshop": b"8BPS\0\1" + bytes(20),
    "jpeg xl": b"\xff\x0a" + bytes(40),
    "cursor": b"\0\0\2\0\1\0" + bytes(16),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "windows metafile": b"\xd7\xcd\xc6\x9a" + bytes(40),
    "gzip": gzip.compress(b"\x89PNG\r\n\x1a\n"),
}


@pytest.mark.parametrize("content", NOT_AN_IMAGE.values(), ids=NOT_AN_IMAGE)
def test_what_is_no_image_is_refused_by_its_first_bytes(content: bytes, stored: Store) -> None:
    path, start = stored(content), monotonic()
    with pytest.raises(UnsupportedFormat) as refusal:
        probe(path)
    assert monotonic() - start < 0.05
    assert all(media_type in refusal.value.message for media_type in ACCEPTED_MEDIA_TYPES)


def test_an_image_in_a_wrapper_is_refused(stored: Store) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("image.png", made.encoded("png"))
    for wrapped in (archive.getvalue(), gzip.compress(made.encoded("png"))):
        with pytest.raises(UnsupportedFormat):
            validate(stored(wrapped))


def _bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(64)
    )


def _tiff_loop() -> bytes:
    """A directory without entries whose next directory is itself."""
    return b"II*\0" + struct.pack("<IHI", 8, 0, 8)


def _icon_outside() -> bytes:
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 1_000_000, 900_000_000)


def _avif_claiming(width: int, height: int) -> bytes:
    small = made.encoded("avif")
    at = small.index(b"ispe") + 8
    return small[:at] + struct.pack(">II", width, height) + small[at + 8 :]


_JPEG = made.encoded("jpeg", made.photograph(200, 150))
_PNG = made.encoded("png", made.photograph(200, 150))
_BOMB = zlib.compress(bytes(50_000_000), 9)

DAMAGED = {
    "jpeg, half": _JPEG[: len(_JPEG) // 2],
    "jpeg, all but its end": _JPEG[:-200],
    "jpeg, header alone": _JPEG[:300],
    "jpeg, magic alone": b"\xff\xd8\xff\xe0",
    "png, half": _PNG[: len(_PNG) // 2],
    "png, all but its end": _PNG[:-200],
    "png, garbage after the header": _PNG[:60] + b"\x55" * 2_000,
    "png without pixels": made.png(width=1_000, height=1_000),
    "png of no width": made.png(width=0),
    "zTXt bomb": made.png((b"zTXt", b"comment\0\0" + _BOMB)),
    "iCCP bomb": made.png((b"iCCP", b"profile\0\0" + _BOMB)),
    "gif, half": made.encoded_animation("gif", [made.photograph(50, 50)] * 2)[:-800],
    "gif, header alone": b"GIF89a\x04\0\x04\0\0\0\0",
    "webp, half": (webp := made.encoded("webp"))[: len(webp) // 2],
    "avif, half": (avif := made.encoded("avif"))[: len(avif) // 2],
    "heic, half": (heic := made.encoded("heic"))[: len(heic) // 2],
    "jp2, half": (jp2 := made.encoded("jp2"))[: len(jp2) // 2],
    "tiff, half": (tiff := made.encoded("tiff"))[: len(tiff) // 2],
    "tiff, directories in a circle": _tiff_loop(),
    "tiff, directory outside": b"MM\0*\x7f\xff\xff\xff",
    "ico pointing outside": _icon_outside(),
    "bmp without pixels": _bmp(1_000, 1_000),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_refused(content: bytes, stored: Store) -> None:
    path = stored(content)
    with pytest.raises(UnprocessableImage) as refusal:
        validate(path)
    assert type(refusal.value) is UnprocessableImage
    assert not any(secret in refusal.value.message for secret in (str(path), "PIL", "object at", "Error"))


TOO_LARGE = {
    "png claiming 65535 x 65535": made.png(width=65_535, height=65_535),
    "bmp claiming 2^31 px a side": _bmp(2**31 - 1, 2**31 - 1),
    "bmp of 100 megapixels": _bmp(10_000, 10_000),
    "avif claiming 60000 x 60000": _avif_claiming(60_000, 60_000),
    "gif of 5000 frames": made.encoded("gif", Image.new("P", (1, 1))).join([b"", b""])[:-1]
    + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0" * 5_000
    + b";",
    "gif whose frames make 120 megapixels": b"GIF89a" + struct.pack("<HH", 6_000, 200) + b"\x80\0\0" + bytes(6)
    + (b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2D\1\0") * 100
    + b";",
}  # fmt: skip


@pytest.mark.parametrize("content", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_before_any_pixel(content: bytes, stored: Store) -> None:
    path, start = stored(content), monotonic()
    tracemalloc.start()
    with pytest.raises(ImageTooLarge):
        probe(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert monotonic() - start < 1
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        pytest.param(Limits(max_pixels=made.WIDTH * made.HEIGHT - 1), "png", id="pixels"),
        pytest.param(Limits(max_total_pixels=3 * 40 * 30 - 1), "animation", id="pixels over all frames"),
        pytest.param(Limits(max_frames=2), "animation", id="frames"),
    ],
)
def test_limits_are_settings(limits: Limits, name: str, stored: Store) -> None:
    path = stored(made.encoded_animation("webp") if name == "animation" else made.encoded(name))
    validate(path)
    with pytest.raises(ImageTooLarge):
        validate(path, limits)


@pytest.mark.parametrize("name", made.READABLE)
def test_any_cut_leaves_as_an_error_of_the_tree_or_not_at_all(name: str, stored: Store) -> None:
    whole = made.encoded(name)
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path = stored(whole[:length])
        try:
            validate(path)
        except ProgImageError:
            continue


@pytest.mark.parametrize("name", made.READABLE)
def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(name: str, stored: Store) -> None:
    whole = made.encoded(name)
    for at in range(0, min(len(whole), 2_000), max(1, min(len(whole), 2_000) // 60)):
        path = stored(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            validate(path)
        except ProgImageError:
            continue


def test_a_missing_file_is_not_the_images_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "nothing")


def test_no_other_decoder_is_ever_registered() -> None:
    """Pillow knows forty more formats, whose parsers no bytes of ours shall reach."""
    import subprocess
    import sys

    code = "import transforms.decoding.decode; from PIL import Image; Image.preinit(); print(*sorted(Image.OPEN))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(names) - {format.pillow for format in FORMATS.values()} <= {"PPM", "DIB", "MPO"}
