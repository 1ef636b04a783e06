"""The gain map of a JPEG: found by its own segments, and decoded. It is untrusted, as all of the file."""

from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image

from progimage.errors import UnprocessableImage
from transforms.containers.segments import APP1, APP2
from transforms.decoding.failures import translated
from transforms.decoding.header import too_large
from transforms.formats.gain_map import (
    ISO_NAME,
    GainMapParameters,
    find_xmp_parameters,
    read_iso_parameters,
)
from transforms.formats.multi_picture import (
    MPF_NAME,
    XMP_NAME,
    Segment,
    Span,
    find_pictures,
    read_segments,
)
from transforms.formats.xmp import Packet, parse_xmp
from transforms.limits import Limits

_APPLE = ("http://ns.apple.com/HDRGainMap/", "urn:com:apple:photo:2020:aux:hdrgainmap")
_PROFILE_NAME = b"ICC_PROFILE\0\1\1"
_MAP_NAMES = (XMP_NAME, ISO_NAME, _PROFILE_NAME)
_CANNOT_KEEP = "The HDR of this image cannot be kept (hdr=keep)"


class StoredGainMap(NamedTuple):
    span: Span
    parameters: GainMapParameters
    profile: bytes
    """The ICC profile in whose primaries the gain applies; empty if these are the base's."""


class GainMap(NamedTuple):
    image: Image.Image
    """As it is stored: of any size, to be turned like the picture."""
    parameters: GainMapParameters
    profile: bytes


def has_gain_map(file: IO[bytes]) -> bool:
    """Whether a JPEG has a gain map that can be kept. No pixel is decoded, and `file` stays at its place."""
    position = file.tell()
    try:
        return find_gain_map(file) is not None
    except UnprocessableImage:
        return False
    finally:
        file.seek(position)


def find_gain_map(file: IO[bytes]) -> StoredGainMap | None:
    """Return the place and the parameters of a JPEG's gain map; None if it has none.

    Raise UnprocessableImage for one of a kind that cannot be kept."""
    file_bytes = file.seek(0, 2)
    segments = list(read_segments(file, (XMP_NAME, MPF_NAME)))
    apple = False
    for span in find_pictures(segments, _packet_of(segments), file_bytes):
        following = list(read_segments(file, _MAP_NAMES, span.start))
        parameters = _read_parameters(following)
        if parameters is not None:
            _refuse_hdr_base(parameters)
            return StoredGainMap(span, parameters, _read_profile(following, parameters))
        apple = apple or _is_apples(following)
    if apple:
        raise UnprocessableImage(
            f"{_CANNOT_KEEP}: it has a gain map of Apple's own kind, and none of ISO 21496-1 or Ultra HDR"
        )
    return None


def read_gain_map(path: Path, limits: Limits) -> GainMap | None:
    """Return the decoded gain map of a JPEG. Raise UnprocessableImage or ImageTooLarge."""
    with path.open("rb") as file:
        stored = find_gain_map(file)
        if stored is None:
            return None
        file.seek(stored.span.start)
        content = file.read(stored.span.size or -1)
    with translated(limits):
        image = Image.open(BytesIO(content), formats=["JPEG", "MPO"])
        if image.width * image.height > limits.max_pixels:
            raise too_large(limits)
        image.load()
    if image.mode not in ("L", "RGB"):
        raise UnprocessableImage(f"{_CANNOT_KEEP}: its gain map has the colours {image.mode}")
    return GainMap(image, stored.parameters, stored.profile)


def _packet_of(segments: list[Segment]) -> Packet | None:
    for segment in segments:
        if segment.marker == APP1 and segment.content.startswith(XMP_NAME):
            return parse_xmp(segment.content.removeprefix(XMP_NAME))
    return None


def _read_parameters(segments: list[Segment]) -> GainMapParameters | None:
    """Return the parameters that a picture's segments hold, by ISO 21496-1 or else by XMP."""
    try:
        for segment in segments:
            if segment.marker == APP2 and segment.content.startswith(ISO_NAME):
                return read_iso_parameters(segment.content.removeprefix(ISO_NAME))
        packet = _packet_of(segments)
        return find_xmp_parameters(packet) if packet else None
    except ValueError as error:
        raise UnprocessableImage(f"{_CANNOT_KEEP}: the parameters of its gain map are damaged") from error


def _refuse_hdr_base(parameters: GainMapParameters) -> None:
    if parameters.is_base_hdr:
        raise UnprocessableImage(f"{_CANNOT_KEEP}: the base of its gain map is HDR, and the map makes it SDR")


def _read_profile(segments: list[Segment], parameters: GainMapParameters) -> bytes:
    """Return the map's profile of one segment. A longer one describes no primaries, but tables."""
    if parameters.uses_base_colors:
        return b""
    for segment in segments:
        if segment.marker == APP2 and segment.content.startswith(_PROFILE_NAME):
            return segment.content.removeprefix(_PROFILE_NAME)
    return b""


def _is_apples(segments: list[Segment]) -> bool:
    packet = _packet_of(segments)
    if packet is None:
        return False
    texts = [element.name.namespace for element in packet.root.walk()]
    for element in packet.root.walk():
        texts.append(element.text.strip())
        texts += [
            text for attribute in element.attributes for text in (attribute.name.namespace, attribute.value)
        ]
    return any(text.startswith(_APPLE) for text in texts)
