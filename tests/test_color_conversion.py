"""Colour: everything becomes sRGB of 8 bits, and hidden colours stay hidden."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from progimage.transform import Transform
from tests.support import icc_profiles as profiles
from tests.support import images as made
from transforms.engine import render_file
from transforms.limits import Limits
from transforms.planning.resolve import resolve


def _expected_srgb(
    color: tuple[int, int, int], primaries: list[tuple[float, float, float]], gamma: float
) -> Any:
    """Return a colour of a matrix profile in sRGB: IEC 61966-2-1, primaries adapted to D50."""
    srgb = np.array([(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]).T
    light = np.linalg.inv(srgb) @ np.array(primaries).T @ (np.array(color) / 255) ** gamma
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


P3 = [(0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)]


class TestColour:
    @pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
    @pytest.mark.parametrize("color", [(200, 100, 50), (40, 160, 90), (128, 128, 128)], ids=str)
    def test_wide_gamut_becomes_srgb(self, name: str, color: tuple[int, int, int], tmp_path: Path) -> None:
        source = made.encoded(name, Image.new("RGB", (16, 16), color), icc_profile=profiles.DISPLAY_P3)
        shown = made.pixels(made.rendered(source, "format=png", tmp_path)[1])[8, 8]
        tolerance = {"jpeg": 4, "avif": 5}.get(name, 2)  # lossy before it was read; else rounding, twice
        assert np.abs(shown - _expected_srgb(color, P3, 2.2)).max() <= tolerance

    def test_alpha_survives_a_profile(self, tmp_path: Path) -> None:
        image = Image.new("RGBA", (4, 4), (200, 100, 50, 77))
        source = made.encoded("png", image, icc_profile=profiles.DISPLAY_P3)
        shown = made.pixels(made.rendered(source, "format=png", tmp_path)[1], "RGBA")[0, 0]
        assert shown[3] == 77
        assert np.abs(shown[:3] - _expected_srgb((200, 100, 50), P3, 2.2)).max() <= 2

    def test_an_srgb_profile_changes_nothing(self, tmp_path: Path) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        _, content = made.rendered(made.encoded("png", icc_profile=profile), "format=png", tmp_path)
        assert made.furthest(content, made.picture()) == 0

    @pytest.mark.parametrize(
        "profile",
        [
            b"x",
            b"\0" * 500,
            profiles.DISPLAY_P3[:200],
            profiles.grey_profile(1),
            profiles.rgb_profile([(0, 0, 0)] * 3, 1.8),
            profiles.rgb_profile([(0, 0, 0), (-16_384, 0, 0), (0, 0, 0)], 1.8),
            profiles.rgb_profile([P3[0], (0.29, -3, 0.04), P3[2]], 2.2),
        ],
    )
    def test_a_profile_that_is_broken_or_of_another_mode_is_ignored(
        self, profile: bytes, tmp_path: Path
    ) -> None:
        _, content = made.rendered(made.encoded("png", icc_profile=profile), "format=png", tmp_path)
        assert made.furthest(content, made.picture()) == 0

    def test_a_profile_of_dishonest_size_is_ignored(self, tmp_path: Path) -> None:
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(made.encoded("png", icc_profile=profiles.DISPLAY_P3))
        transform = resolve(Transform(), "png")
        render_file(source, transform, target, Limits(max_profile_bytes=100))
        assert made.furthest(target.read_bytes(), made.picture()) == 0

    @pytest.mark.parametrize("mode", ["L", "LA"])
    def test_a_grey_profile_is_applied(self, mode: str, tmp_path: Path) -> None:
        """Half the light is 188 in sRGB."""
        grey = Image.new("L", (8, 8), 128).convert(mode)
        source = made.encoded("png", grey, icc_profile=profiles.grey_profile(1.0))
        assert np.abs(made.pixels(made.rendered(source, "format=png", tmp_path)[1]) - 188).max() <= 1

    @pytest.mark.parametrize("name", ["jpeg", "tiff"])
    def test_cmyk_takes_its_colours_from_the_profile(self, name: str, tmp_path: Path) -> None:
        """The profile says that full magenta on full yellow is Lab (53.6, 0, 0), which is sRGB grey 128."""
        inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
        source = made.encoded(name, inks, icc_profile=profiles.cmyk_profile((53.6, 0, 0)))
        shown = made.pixels(made.rendered(source, "format=png", tmp_path)[1])[8, 8]
        assert np.abs(shown - 128).max() <= 3  # a Lab of 8 bits has steps of 1

    @pytest.mark.parametrize("name", ["jpeg", "tiff"])
    @pytest.mark.parametrize(
        ("inks", "color"),
        [((0, 0, 0, 0), (255, 255, 255)), ((0, 0, 0, 255), (0, 0, 0)), ((255, 0, 0, 0), (0, 255, 255))],
        ids=["paper", "black", "cyan"],
    )
    def test_cmyk_without_a_profile(
        self, name: str, inks: tuple[int, ...], color: tuple[int, ...], tmp_path: Path
    ) -> None:
        source = made.encoded(name, Image.new("CMYK", (16, 16), inks))
        assert np.abs(made.pixels(made.rendered(source, "format=png", tmp_path)[1]) - color).max() <= 2

    def test_cmyk_jpeg_holds_inverted_inks_with_and_without_the_segment_of_adobe(
        self, tmp_path: Path
    ) -> None:
        """Adobe stores inks inverted. Browsers and libvips take them so in every JPEG."""
        adobe = made.encoded("jpeg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)))
        at = adobe.index(b"\xff\xee")
        plain = adobe[:at] + adobe[at + 2 + int.from_bytes(adobe[at + 2 : at + 4]) :]
        assert b"Adobe" not in plain
        for source in (adobe, plain):
            shown = made.pixels(made.rendered(source, "format=png", tmp_path)[1])
            assert np.abs(shown - (255, 0, 0)).max() <= 2

    def test_lab(self, tmp_path: Path) -> None:
        """Lab (53.6, 0, 0) is sRGB grey 128."""
        source = made.encoded("tiff", Image.new("LAB", (8, 8), (137, 128, 128)), compression="raw")
        assert np.abs(made.pixels(made.rendered(source, "format=png", tmp_path)[1]) - 128).max() <= 3

    @pytest.mark.parametrize(
        ("values", "shown"),
        [
            pytest.param(np.array([[0, 32_768, 65_535]], np.uint16), [0, 128, 255], id="16 bits"),
            pytest.param(np.array([[0, 32_768, 65_535]], np.int32), [0, 128, 255], id="32 bits"),
            pytest.param(np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255], id="floats to 1"),
            pytest.param(np.array([[0.0, 128.0, 255.0]], np.float32), [0, 128, 255], id="floats to 255"),
            pytest.param(
                np.array([[-100.0, 0.0, 100.0]], np.float32), [0, 128, 255], id="floats of any range"
            ),
            pytest.param(np.array([[np.nan, 0.5, np.inf]], np.float32), None, id="no numbers at all"),
        ],
    )
    def test_grey_of_more_than_8_bits(self, values: Any, shown: list[int] | None, tmp_path: Path) -> None:
        source = made.encoded("tiff", Image.fromarray(values), compression="raw")
        _, content = made.rendered(source, "format=png", tmp_path)
        if shown is not None:
            assert np.abs(made.pixels(content)[0, :, 0] - shown).max() <= 1

    def test_a_png_of_16_bits(self, tmp_path: Path) -> None:
        ramp = np.linspace(0, 65_535, 256).astype(np.uint16)[None, :].repeat(4, axis=0)
        _, content = made.rendered(made.encoded("png", Image.fromarray(ramp)), "format=png", tmp_path)
        assert np.abs(made.pixels(content)[0, :, 0] - np.arange(256)).max() <= 1

    def test_a_transparent_grey_of_16_bits(self, tmp_path: Path) -> None:
        """Of two greys that are one in 8 bits, one alone is transparent."""
        greys = Image.fromarray(np.array([[0x4000, 0x4001, 0xFFFF]], np.uint16))
        _, content = made.rendered(made.encoded("png", greys, transparency=0x4001), "format=png", tmp_path)
        assert made.pixels(content, "RGBA")[0].tolist() == [[64] * 3 + [255], [64] * 3 + [0], [255] * 4]

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
    def test_modes_without_alpha(self, mode: str, tmp_path: Path) -> None:
        image = made.checkerboard(16, 16, cell=4).convert(mode)
        _, content = made.rendered(made.encoded("png", image), "format=png", tmp_path)
        assert made.furthest(content, image) == 0

    @pytest.mark.parametrize("mode", ["L", "P", "RGB"])
    def test_a_transparent_colour_is_alpha(self, mode: str, tmp_path: Path) -> None:
        """tRNS of PNG: white is transparent."""
        image = made.checkerboard(16, 16, cell=4).convert(mode)
        white = {"L": 255, "P": image.getpixel((4, 0)), "RGB": (255, 255, 255)}[mode]
        _, content = made.rendered(made.encoded("png", image, transparency=white), "format=png", tmp_path)
        assert (made.pixels(content, "RGBA")[..., 3] == 255 - made.pixels(image)[..., 0]).all()
