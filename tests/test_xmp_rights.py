"""The author and the rights of XMP: their texts for EXIF, and a packet of our own with nothing else."""

import pytest

from tests.support.xmp_packets import packet
from transforms.formats.xmp import parse_xmp
from transforms.formats.xmp_rights import Rights, read_rights

SEQ = "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bob &amp; Co</rdf:li></rdf:Seq></dc:creator>"
ALT = (
    "<dc:rights><rdf:Alt><rdf:li xml:lang='de'>alle Rechte</rdf:li>"
    "<rdf:li xml:lang='x-default'>all rights</rdf:li></rdf:Alt></dc:rights>"
)


def rights(attributes: str = "", elements: str = "") -> Rights:
    parsed = parse_xmp(packet(attributes, elements))
    assert parsed
    return read_rights(parsed)


@pytest.mark.parametrize(
    ("attributes", "elements", "creator", "notice"),
    [
        pytest.param("", SEQ, "Ann; Bob & Co", "", id="authors"),
        pytest.param("", ALT, "", "all rights", id="the default language"),
        pytest.param("", ALT.replace("x-default", "fr"), "", "alle Rechte", id="or else the first"),
        pytest.param("", "<dc:rights>plain</dc:rights>", "", "plain", id="plain element"),
        pytest.param("dc:creator='Ann' dc:rights='© Ann'", "", "Ann", "© Ann", id="attributes"),
        pytest.param("", "<dc:creator><rdf:Bag><rdf:li>Ann</rdf:li></rdf:Bag></dc:creator>", "Ann", "", id="bag"),
        pytest.param("", "<dc:creator><rdf:Seq><rdf:li> </rdf:li></rdf:Seq></dc:creator>", "", "", id="blank"),
        pytest.param("plus:CopyrightOwnerName='Ann Ltd'", "", "", "Ann Ltd", id="owner by PLUS"),
        pytest.param("dc:source='x'", "", "", "", id="none"),
        pytest.param(
            "", "<d:rights xmlns:d='http://purl.org/dc/elements/1.1/'>R</d:rights>", "", "R", id="any prefix"
        ),
        pytest.param("", "<dc:rights xmlns:dc='http://example.org/'>R</dc:rights>", "", "", id="another namespace"),
        pytest.param("", f"<dc:rights>{'r' * 9_000}</dc:rights>", "", "", id="too long"),
    ],
)  # fmt: skip
def test_texts(attributes: str, elements: str, creator: str, notice: str) -> None:
    assert rights(attributes, elements)[:2] == (creator, notice)


@pytest.mark.parametrize(
    ("attributes", "elements", "expected"),
    [
        pytest.param("xmpRights:WebStatement='https://e.org/?a&amp;b'", "", "<xmpRights:WebStatement>https://e.org/?a&amp;b</xmpRights:WebStatement>", id="address"),
        pytest.param("xmpRights:Marked='True'", "", "<xmpRights:Marked>True</xmpRights:Marked>", id="marked"),
        pytest.param("", SEQ, SEQ, id="authors"),
        pytest.param("", ALT, ALT.replace("'", '"'), id="languages"),
        pytest.param("", "<cc:license rdf:resource='https://e.org/by'/>", '<cc:license rdf:resource="https://e.org/by"/>', id="resource"),
        pytest.param(
            "",
            "<plus:Licensor><rdf:Seq><rdf:li rdf:parseType='Resource'><plus:LicensorURL>https://e.org</plus:LicensorURL>"
            "<dc:secret>x</dc:secret></rdf:li></rdf:Seq></plus:Licensor>",
            '<plus:Licensor><rdf:Seq><rdf:li rdf:parseType="Resource"><plus:LicensorURL>https://e.org</plus:LicensorURL>'
            "</rdf:li></rdf:Seq></plus:Licensor>",
            id="licensor",
        ),
        pytest.param(
            "",
            "<plus:Licensor><rdf:Bag><rdf:li><rdf:Description plus:LicensorName='L'/></rdf:li></rdf:Bag></plus:Licensor>",
            '<plus:Licensor><rdf:Bag><rdf:li rdf:parseType="Resource"><plus:LicensorName>L</plus:LicensorName>'
            "</rdf:li></rdf:Bag></plus:Licensor>",
            id="licensor as a node",
        ),
        pytest.param(
            "",
            "<dc:rights><rdf:Alt><rdf:li xml:lang='a&quot;&#39;&lt;&amp;&#10;b'>R</rdf:li></rdf:Alt></dc:rights>",
            '<rdf:li xml:lang="a&quot;&#x27;&lt;&amp;&#10;b">R</rdf:li>',
            id="marks in an attribute",
        ),
    ],
)  # fmt: skip
def test_the_packet_holds_the_rights_and_nothing_else(attributes: str, elements: str, expected: str) -> None:
    content = rights(f"dc:source='SECRET' {attributes}", f"{elements}<dc:title>SECRET</dc:title>").packet
    assert expected in content.decode()
    assert b"SECRET" not in content
    assert b"secret" not in content
    parsed = parse_xmp(content)
    assert parsed
    assert read_rights(parsed).packet == content


def test_there_is_no_packet_without_rights() -> None:
    assert rights("dc:source='x'", "<dc:title>y</dc:title>").packet == b""


def test_a_packet_stays_small() -> None:
    """A JPEG's segment must hold it beside other metadata; EXIF still names the author."""
    terms = "".join(
        f"<xmpRights:{name}>{'t' * 7_900}</xmpRights:{name}>"
        for name in ("UsageTerms", "WebStatement", "Owner", "Certificate", "Marked")
    )
    assert rights("dc:creator='Ann'", terms) == Rights("Ann", "", b"")
