"""Facts of ICC profiles: names, primaries and curves, of untrusted bytes too."""

import io
import random
import struct
from typing import Any

import pytest
from PIL import ImageCms

from tests.support import icc_profiles as profiles
from transforms.color.description import (
    ADOBE_RGB,
    BT2020,
    DISPLAY_P3,
    LINEAR,
    SRGB_CURVE,
    UNDESCRIBED,
    ColorDescription,
    ColorSpace,
    Curve,
    HdrTransfer,
    Primaries,
    primaries_name,
    transfer_name,
)
from transforms.color.facts import describe, summarize
from transforms.color.icc_facts import profile_name, profile_space
from transforms.color.made_profile import make_profile

LCMS_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NAME = b"made by a test"


def renamed(name: bytes) -> bytes:
    assert len(name) == len(NAME)
    return profiles.SRGB_LIKE.replace(NAME, name)


def facts(profile: bytes) -> ColorSpace:
    return summarize(describe(profile, UNDESCRIBED), 8)


@pytest.mark.parametrize(
    ("profile", "transfer", "primaries", "name"),
    [
        pytest.param(LCMS_SRGB, "srgb", "bt709", "sRGB built-in", id="sRGB of LittleCMS"),
        pytest.param(profiles.DISPLAY_P3, "gamma2.2", "display-p3", "made by a test", id="P3, version 2"),
        pytest.param(
            make_profile(ColorDescription(primaries=ADOBE_RGB, transfer=Curve(2.2))),
            "gamma2.2",
            "adobe-rgb",
            "made by code",
            id="Adobe RGB, version 4",
        ),
        pytest.param(
            make_profile(ColorDescription(primaries=BT2020, transfer=LINEAR)),
            "linear",
            "bt2020",
            "made by code",
            id="linear",
        ),
        pytest.param(profiles.grey_profile(1.8), "gamma1.8", None, "made by a test", id="grey"),
        pytest.param(profiles.cmyk_profile((50, 0, 0)), None, None, "made by a test", id="CMYK"),
        pytest.param(profiles.with_code_points(9, 16), "pq", "bt2020", "made by a test", id="code points"),
        pytest.param(
            renamed(b"bell\7 and \x1besc"), "gamma2.2", "bt709", "bell and esc", id="control characters"
        ),
        pytest.param(renamed(b"\0" * 14), "gamma2.2", "bt709", None, id="an empty name"),
    ],
)
def test_facts(profile: bytes, transfer: str | None, primaries: str | None, name: str | None) -> None:
    assert facts(profile) == ColorSpace(
        transfer=transfer, primaries=primaries, bit_depth=8, profile_name=name
    )


def test_a_name_has_at_most_100_characters() -> None:
    name = "Ä" * 300
    made = make_profile(ColorDescription())
    encoded = name.encode("utf-16-be")
    record = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(encoded), 28) + encoded
    table = made.index(b"desc", 128)
    profile = made[: table + 4] + struct.pack(">II", len(made), len(record)) + made[table + 12 :] + record
    assert profile_name(profile) == "Ä" * 100


@pytest.mark.parametrize(
    "profile",
    [b"", b"x" * 200, profiles.DISPLAY_P3[:131], b"\0" * 36 + b"acsp" + b"\xff" * 5_000],
    ids=["empty", "no profile", "cut off", "4 billion tags"],
)
def test_a_broken_profile_has_no_facts(profile: bytes) -> None:
    assert profile_name(profile) is None
    assert facts(profile) in (ColorSpace(bit_depth=8), ColorSpace(bit_depth=8, profile_name=None))


def test_spoilt_profiles_raise_nothing() -> None:
    dice = random.Random(7)
    for original in (LCMS_SRGB, profiles.DISPLAY_P3, profiles.grey_profile(1.8)):
        for _ in range(300):
            spoilt = bytearray(original)
            for _ in range(dice.randrange(1, 12)):
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
            found = facts(bytes(spoilt))
            assert len(found.profile_name or "") <= 100


def test_a_profile_keeps_the_other_description_for_when_it_does_not_fit() -> None:
    otherwise = ColorDescription(primaries=DISPLAY_P3, transfer=SRGB_CURVE)
    assert describe(profiles.grey_profile(1.8), otherwise).primaries == DISPLAY_P3
    assert describe(b"broken", otherwise) is otherwise
    assert describe(None, otherwise) is otherwise


def test_hdr_code_points_beside_a_profile_do_not_hold() -> None:
    otherwise = ColorDescription(primaries=BT2020, transfer=HdrTransfer.PQ)
    assert not describe(profiles.DISPLAY_P3, otherwise).is_hdr
    assert describe(None, otherwise).is_hdr


@pytest.mark.parametrize(
    ("transfer", "name"),
    [
        (SRGB_CURVE, "srgb"),
        (Curve(1.0), "linear"),
        (Curve(2.19921875), "gamma2.2"),
        (HdrTransfer.HLG, "hlg"),
        (None, None),
        (Curve(2.0, 0.5, 0.5), None),
    ],
    ids=str,
)
def test_names_of_transfer_functions(transfer: Any, name: str | None) -> None:
    assert transfer_name(transfer) == name


def test_primaries_that_lie_near_none_have_no_name() -> None:
    assert primaries_name(Primaries((0.5, 0.3), (0.3, 0.5), (0.2, 0.2))) is None
    assert primaries_name(None) is None


def test_the_space_of_a_profile() -> None:
    assert profile_space(profiles.cmyk_profile((50, 0, 0))) == "CMYK"
    assert profile_space(b"broken") == ""
    assert ImageCms.ImageCmsProfile(io.BytesIO(LCMS_SRGB)).profile.xcolor_space == profile_space(
        LCMS_SRGB
    ).ljust(4)
