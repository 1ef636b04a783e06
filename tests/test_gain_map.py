"""The parameters of a gain map: ISO 21496-1 and XMP, from untrusted bytes and back."""

import struct
from fractions import Fraction

import pytest

from tests.support import gain_maps as maps
from tests.support.gain_maps import Parameters
from tests.support.xmp_packets import packet
from transforms.formats.gain_map import (
    Channel,
    GainMapParameters,
    find_xmp_parameters,
    read_iso_parameters,
    write_iso_parameters,
    write_xmp_properties,
)
from transforms.formats.xmp import RDF, parse_xmp

OFFSET = Fraction(1, 64)
ONE = GainMapParameters(
    (Channel(Fraction(0), Fraction(3), Fraction(1), OFFSET, OFFSET),), Fraction(0), Fraction(3)
)
THREE = GainMapParameters(
    tuple(
        Channel(Fraction(-1, 8), Fraction(number), Fraction(5, 4), Fraction(0), OFFSET)
        for number in (3, 2, 1)
    ),
    Fraction(0),
    Fraction(5, 2),
    uses_base_colors=False,
)


def read_xmp(content: bytes) -> GainMapParameters | None:
    parsed = parse_xmp(content)
    assert parsed
    return find_xmp_parameters(parsed)


def test_both_forms_say_the_same() -> None:
    assert read_iso_parameters(maps.iso(maps.USUAL)) == ONE
    assert read_xmp(maps.xmp_parameters(maps.USUAL)) == ONE


def test_a_common_denominator() -> None:
    content = struct.pack(">HHB9I", 0, 0, 0x48, 64, 0, 192, 0, 192, 64, 1, 1, 0)[:-4]
    assert read_iso_parameters(content) == ONE


@pytest.mark.parametrize("parameters", [ONE, THREE], ids=["one", "three"])
def test_what_is_written_is_read(parameters: GainMapParameters) -> None:
    assert read_iso_parameters(write_iso_parameters(parameters)) == parameters
    written = f'<rdf:RDF xmlns:rdf="{RDF}">{write_xmp_properties(parameters)}</rdf:RDF>'
    found = read_xmp(written.encode())
    assert found
    assert found.channels == parameters.channels
    assert found.alternate_headroom == parameters.alternate_headroom


def test_defaults_of_xmp() -> None:
    found = read_xmp(packet('hdrgm:Version="1.0" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="3"'))
    assert found == ONE


@pytest.mark.parametrize("attributes", ["", 'hdrgm:GainMapMax="3"', 'hdrgm:Version="1.0"'])
def test_xmp_without_a_map(attributes: str) -> None:
    assert read_xmp(packet(attributes)) is None


@pytest.mark.parametrize(
    "text", ["nan", "inf", "1e999", "", "x", "9" * 50, "100", "-1e30"]
)  # fmt: skip
def test_xmp_that_makes_no_sense(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_xmp(packet(f'hdrgm:Version="1.0" hdrgm:GainMapMax="{text}" hdrgm:HDRCapacityMax="3"'))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\1" + maps.iso(maps.USUAL)[2:], id="a later version"),
        pytest.param(maps.iso(maps.USUAL)[:-1], id="cut off"),
        pytest.param(maps.iso(maps.USUAL, flags=0xC0), id="three channels, one there"),
        pytest.param(maps.iso(maps.USUAL)[:-4] + bytes(4), id="denominator of 0"),
        pytest.param(maps.iso(Parameters(gamma=(0.0,))), id="gamma of 0"),
        pytest.param(maps.iso(Parameters(least=(4.0,))), id="least above most"),
        pytest.param(maps.iso(Parameters(most=(100.0,))), id="100 stops"),
        pytest.param(maps.iso(Parameters(capacity=(1.0, 1.0))), id="no headroom"),
    ],
)
def test_iso_that_makes_no_sense(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_iso_parameters(content)


@pytest.mark.parametrize(
    "value", [Fraction(2**31 - 1, 2**32 - 1), Fraction(1, 3), Fraction(-(10**20) + 1, 10**19)]
)
def test_ratios_of_any_size_are_written(value: Fraction) -> None:
    channel = ONE.channels[0]._replace(alternate_offset=value)
    parameters = GainMapParameters((channel,), ONE.base_headroom, ONE.alternate_headroom)
    found = read_iso_parameters(write_iso_parameters(parameters))
    assert found.channels[0].alternate_offset == pytest.approx(value, rel=1e-6)


def test_a_base_that_is_hdr() -> None:
    assert read_iso_parameters(maps.iso(Parameters(capacity=(3.0, 0.0)))).is_base_hdr
    found = read_xmp(maps.xmp_parameters(maps.USUAL, 'hdrgm:BaseRenditionIsHDR="True"'))
    assert found
    assert found.is_base_hdr
    assert not ONE.is_base_hdr
