"""XMP of a result: the properties that still hold, byte for byte."""

import pytest

from tests.support import xmp_packets as packets
from transforms.formats.stale_xmp import without_stale
from transforms.formats.xmp import parse_xmp
from transforms.geometry import UNCHANGED, Changes

KEPT = 'dc:source="a place"'


def cut(packet: bytes, changes: Changes = UNCHANGED) -> bytes:
    parsed = parse_xmp(packet)
    assert parsed
    return without_stale(parsed, changes)


@pytest.mark.parametrize(
    "attributes",
    [
        'tiff:Orientation="6"',
        "tiff:Orientation = '6'",
        't:ImageWidth="120" t:ImageLength="80"',
        'xmpGImg:image="/9j/4AAQ"',
        'exif:ColorSpace="65535"',
        'xmpNote:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF"',
        'hdrgm:Version="1.0"',
        'gain:Version="1.0" xmlns:gain="http://ns.adobe.com/hdr-gain-map/1.0/"',
        'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MicroVideoOffset="9"',
        'GImage:Data="/9j/4AAQ" GImage:Mime="image/jpeg"',
        'GDepth:Data="iVBORw0KGgo"',
        'HDRGainMap:HDRGainMapVersion="65536"',
    ],
)
def test_an_attribute_of_what_is_gone_is_cut(attributes: str) -> None:
    assert packets.squeezed(cut(packets.packet(f"{attributes} {KEPT}"))) == packets.squeezed(
        packets.packet(KEPT, without=packets.GONE)
    )


@pytest.mark.parametrize(
    "elements",
    [
        "<tiff:Orientation>6</tiff:Orientation>",
        "<tiff:Orientation><b>6</b></tiff:Orientation>",
        "<tiff:Orientation rdf:parseType='Resource'><rdf:value>6</rdf:value></tiff:Orientation>",
        "<xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image='/9j/4AAQ'/></rdf:Alt></xmp:Thumbnails>",
        "<hdrgm:GainMapMax><rdf:Seq><rdf:li>3</rdf:li></rdf:Seq></hdrgm:GainMapMax>",
        packets.CONTAINER,
        packets.CONTAINER.replace("Container:", "GContainer:"),
        "<Device:Container><rdf:Seq/></Device:Container>",
    ],
)
def test_an_element_of_what_is_gone_is_cut(elements: str) -> None:
    expected = packets.packet(KEPT, without=packets.GONE)
    content = packets.squeezed(cut(packets.packet(KEPT, elements)))
    assert content == packets.squeezed(expected)


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [(UNCHANGED, True), (Changes(is_cut=True), True), (Changes(swaps_sides=True), False)],
)
def test_a_density_holds_until_the_sides_are_swapped(changes: Changes, is_kept: bool) -> None:
    content = cut(packets.packet(f'tiff:XResolution="300/1" tiff:YResolution="150/1" {KEPT}'), changes)
    assert (b"XResolution" in content) is is_kept
    assert b"a place" in content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_packet_may_have_any_encoding_of_unicode(encoding: str) -> None:
    text = packets.packet('tiff:Orientation="6" dc:source="Zürich"').decode()
    marked = "\ufeff" + text if encoding == "utf-16-be" else text
    content = cut(marked.encode(encoding)).decode()
    assert "Zürich" in content
    assert "Orientation" not in content


def test_nothing_is_left_of_a_packet_about_other_parts_alone() -> None:
    assert cut(packets.packet('hdrgm:Version="1.0" GCamera:MotionPhoto="1"', packets.CONTAINER)) == b""


def test_a_packet_without_stale_properties_stays_as_it_is() -> None:
    packet = packets.packet(KEPT, without=packets.GONE)
    assert cut(packet) == packet


REGIONS = "<mwg-rs:Regions rdf:parseType='Resource'/>"
PANORAMA = 'GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="8000"'


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param(UNCHANGED, {"mwg-rs", "GPano"}, id="none"),
        pytest.param(Changes(is_resized=True), {"mwg-rs"}, id="shares hold after a resize"),
        pytest.param(Changes(is_cut=True), set(), id="faces are elsewhere after a cut"),
        pytest.param(Changes(is_moved=True), set(), id="and after a turn"),
    ],
)
def test_places_in_the_picture_hold_until_it_moves(changes: Changes, kept: set[str]) -> None:
    content = cut(packets.packet(f"{PANORAMA} {KEPT}", REGIONS), changes)
    assert {prefix for prefix in ("mwg-rs", "GPano") if prefix.encode() in content} == kept
