"""A JPEG with a gain map: the map is drawn, encoded, and put behind the picture with all that describes it.

Readers look in three places: XMP with the container and its lengths (Ultra HDR 1.1), segments of ISO 21496-1,
and MPF with the map's place in the file (CIPA DC-007)."""

from dataclasses import replace
from io import BytesIO

from transforms.containers.segments import APP0, APP2, APP15
from transforms.decoding.jpeg.gain_map_reader import GainMap
from transforms.formats.gain_map import (
    HDRGM,
    ISO_NAME,
    ISO_VERSION,
    write_iso_parameters,
    write_xmp_properties,
)
from transforms.formats.metadata import MAX_XMP_BYTES, Metadata
from transforms.formats.multi_picture import CONTAINER, ITEM, write_mpf
from transforms.formats.xmp import RDF, Name, parse_xmp
from transforms.orientation import turn_upright
from transforms.planning.gain_map_placement import MapPlacement
from transforms.render.resampling import resample

_QUALITY = 85
"""Of the map, whatever quality the picture has: its errors are multiplied in the highlights."""
_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
)
_TAIL = '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'


def encode_gain_map(gain_map: GainMap, placement: MapPlacement) -> bytes:
    """Return the JPEG of a map that has been cut, resized and turned like its picture."""
    image = gain_map.image
    box = placement.box.scaled(image.width, image.height)
    drawn = turn_upright(resample(image, box, placement.size, box), placement.orientation)
    drawn.info = {}
    xmp = _HEAD + write_xmp_properties(gain_map.parameters) + _TAIL
    iso = _segment(ISO_NAME + write_iso_parameters(gain_map.parameters))
    buffer = BytesIO()
    drawn.save(
        buffer,
        "JPEG",
        quality=_QUALITY,
        subsampling="4:4:4",
        optimize=True,
        xmp=xmp.encode(),
        extra=iso,
        icc_profile=gain_map.profile or None,
    )
    return buffer.getvalue()


def with_container(metadata: Metadata, map_bytes: int) -> Metadata:
    """Return metadata whose XMP says that a gain map of so many bytes follows the picture."""
    description = _describe(map_bytes)
    for packet in (metadata.xmp, metadata.short_xmp):
        xmp = _insert(description, packet)
        if xmp and len(xmp) <= MAX_XMP_BYTES:
            return replace(metadata, xmp=xmp)
    return replace(metadata, xmp=(_HEAD + description + _TAIL).encode())


def _insert(description: str, xmp: bytes) -> bytes:
    """Return a packet with one more description; nothing if there is no packet to put it in."""
    packet = parse_xmp(xmp) if xmp else None
    if packet is None:
        return b""
    rdf = next((each for each in packet.root.walk() if each.name == Name(RDF, "RDF")), None)
    if rdf is None or rdf.content_end == rdf.end:
        return b""
    end = rdf.content_end
    return packet.content[:end] + description.encode() + packet.content[end:]


def attach(picture: bytes, gain_map: bytes) -> bytes:
    """Return one file of a JPEG and a gain map, each a whole JPEG."""
    position = _after_application_segments(picture)
    iso = _segment(ISO_NAME + ISO_VERSION)
    mpf_start = position + len(iso) + 4
    mpf_bytes = len(_segment(write_mpf(0, 0, 0)))
    picture_bytes = len(picture) + len(iso) + mpf_bytes
    mpf = _segment(write_mpf(picture_bytes, mpf_start, len(gain_map)))
    return picture[:position] + iso + mpf + picture[position:] + gain_map


def _describe(map_bytes: int) -> str:
    picture = '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>'
    gain_map = f'<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{map_bytes}"/>'
    items = "".join(f'<rdf:li rdf:parseType="Resource">{item}</rdf:li>' for item in (picture, gain_map))
    return (
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about="" xmlns:hdrgm="{HDRGM}"'
        f' xmlns:Container="{CONTAINER}" xmlns:Item="{ITEM}" hdrgm:Version="1.0">'
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory></rdf:Description>"
    )


def _segment(content: bytes) -> bytes:
    return bytes([0xFF, APP2]) + (len(content) + 2).to_bytes(2) + content


def _after_application_segments(picture: bytes) -> int:
    """Return the place behind the segments that the encoder has written before its tables."""
    position = 2
    while APP0 <= picture[position + 1] <= APP15:
        position += 2 + int.from_bytes(picture[position + 2 : position + 4])
    return position
