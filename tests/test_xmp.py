"""XMP from untrusted bytes: bounded, without a document type, and exact in its bytes."""

import pytest

from tests.support.xmp_packets import packet
from transforms.formats.xmp import RDF, Name, parse_xmp

BILLION_LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x:xmpmeta xmlns:x="x">&b;</x:xmpmeta>'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="half a character"),
        pytest.param(b"<a><b></a>", id="malformed"),
        pytest.param(b"<a>\0</a>", id="NUL"),
        pytest.param(b"<a>\xff</a>", id="no UTF-8"),
        pytest.param(b"<a b='1' b='2'/>", id="an attribute twice"),
        pytest.param(BILLION_LAUGHS, id="entities"),
        pytest.param(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', id="external document type"),
        pytest.param(b"<a>" * 1_000 + b"</a>" * 1_000, id="too deep"),
        pytest.param(b"<a>" + b"<b/>" * 60_000 + b"</a>", id="too many elements"),
        pytest.param(
            b"<a " + b" ".join(b"b%d=''" % number for number in range(60_000)) + b"/>",
            id="too many attributes",
        ),
        pytest.param(
            b"<a " + b" ".join(b"xmlns:b%d='c'" % number for number in range(300)) + b"/>",
            id="too many prefixes",
        ),
    ],
)
def test_a_packet_that_is_not_xml_within_the_limits_is_none(content: bytes) -> None:
    """IMG-5."""
    assert parse_xmp(content) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"<a xmlns='d' p:x = '1>2'  xmlns:p=\"q\"\n y='/>'><p:b/><c >t</c ></a >",
        b"<a><b z='<>'/></a>".replace(b"<>", b"&lt;>"),
        packet("dc:source='x'", "<dc:rights>y</dc:rights>"),
    ],
)
def test_an_element_knows_its_bytes(packet: bytes) -> None:
    parsed = parse_xmp(packet)
    assert parsed
    for element in parsed.root.walk():
        text = parsed.content[element.start : element.end]
        assert text.startswith(b"<")
        assert text.endswith(b">")
        again = parse_xmp(text)
        assert again is None or again.root.text == element.text
        for attribute in element.attributes:
            piece = parsed.content[attribute.start : attribute.end].strip()
            assert piece.partition(b"=")[0].strip().split(b":")[-1].decode() in (
                attribute.name.local,
                "xmlns",
            )
    spans = [(child.start, child.end) for child in parsed.root.children]
    assert parse_xmp(parsed.without(spans)) is not None


def test_names_have_their_namespaces() -> None:
    parsed = parse_xmp(b"<p:a xmlns:p='one' xmlns='two' p:x='' y=''><p:b xmlns:p='three'/><c/></p:a>")
    assert parsed
    root = parsed.root
    assert root.name == Name("one", "a")
    assert [child.name for child in root.children] == [Name("three", "b"), Name("two", "c")]
    assert [attribute.name for attribute in root.attributes][2:] == [Name("one", "x"), Name("", "y")]


def test_descriptions_are_those_of_the_file() -> None:
    nested = "<dc:relation><rdf:Description dc:title='inner'/></dc:relation>"
    parsed = parse_xmp(packet("dc:source='x'", nested))
    assert parsed
    (description,) = parsed.descriptions()
    assert description.name == Name(RDF, "Description")
