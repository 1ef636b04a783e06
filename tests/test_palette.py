"""Palettes have at most the colours that were asked for, as another reader finds them in the bytes."""

from pathlib import Path

import numpy as np
import pytest
import pyvips  # type: ignore[import-untyped]
from PIL import Image
from scipy.cluster.vq import kmeans2

from tests.support import images as made
from tests.support.encoding import faded, shown, write


def colors_of(image: Image.Image) -> int:
    return len(image.convert("RGBA").getcolors(1 << 24) or ())


class TestPalette:
    @pytest.mark.parametrize("colors", [2, 3, 16, 17, 100, 256])
    @pytest.mark.parametrize("name", ["png", "gif"])
    @pytest.mark.parametrize("source", [made.photograph, faded, made.translucent])
    def test_holds_no_more_colours(self, name: str, colors: int, source: object, tmp_path: Path) -> None:
        image = source(90, 60)  # type: ignore[operator]
        content = write(image, f"format={name}&colors={colors}", tmp_path)
        assert shown(content).mode == "P" or name == "gif"
        assert 1 < colors_of(shown(content)) <= colors
        by_vips = pyvips.Image.new_from_buffer(content, "")
        assert (by_vips.width, by_vips.height) == image.size
        assert bool(by_vips.hasalpha()) is image.has_transparency_data

    @pytest.mark.parametrize("dither", [0, 1])
    @pytest.mark.parametrize("name", ["png", "gif"])
    def test_is_exact_where_there_are_no_more(self, name: str, dither: int, tmp_path: Path) -> None:
        image = made.photograph(90, 60).quantize(16).convert("RGB")
        content = write(image, f"format={name}&colors=16&dither={dither}", tmp_path)
        assert made.furthest(content, image) == 0

    @pytest.mark.parametrize("name", ["png", "gif"])
    def test_keeps_hard_edges_of_alpha_and_spends_nothing_on_what_is_hidden(
        self, name: str, tmp_path: Path
    ) -> None:
        image = made.translucent(60, 40)
        opaque = made.picture(60, 40).quantize(7).convert("RGB")
        opaque.putalpha(image.getchannel("A"))
        opaque.paste(made.photograph(30, 40).convert("RGBA"), (0, 0))
        opaque.putalpha(image.getchannel("A"))
        content = made.pixels(write(opaque, f"format={name}&colors=8", tmp_path), "RGBA")
        assert (content[..., 3] == made.pixels(image, "RGBA")[..., 3]).all()
        assert (content[:, 30:] == made.pixels(opaque, "RGBA")[:, 30:]).all()

    def test_of_a_png_holds_translucent_colours(self, tmp_path: Path) -> None:
        alpha = made.pixels(write(faded(), "format=png&colors=256", tmp_path), "RGBA")[..., 3]
        assert np.abs(alpha - made.pixels(faded(), "RGBA")[..., 3]).mean() < 12  # an octree of 256 cells
        assert len(np.unique(alpha)) >= 8

    def test_colours_are_mixed_unless_that_is_unwanted(self, tmp_path: Path) -> None:
        """Of a grey ramp in two colours, a mixture keeps the means and the nearest colours do not."""
        ramp = Image.linear_gradient("L").convert("RGB")
        mixed, nearest = (write(ramp, f"format=png&colors=2&dither={n}", tmp_path) for n in (1, 0))
        means = [
            made.pixels(each).reshape(8, 32, -1).mean(axis=(1, 2))
            for each in (mixed, nearest, made.encoded("png", ramp))
        ]
        inner = slice(3, 5)  # two colours cannot mix a colour outside of them
        assert np.abs(means[0] - means[2])[inner].max() < 6
        assert np.abs(means[1] - means[2])[inner].min() > 20

    @pytest.mark.parametrize("colors", [4, 32, 128])
    def test_is_near_the_best(self, colors: int, tmp_path: Path) -> None:
        """Within 1 dB of SciPy's k-means over all pixels, which is no global optimum either."""
        image = made.photograph(120, 80)
        ours = write(image, f"format=png&colors={colors}&dither=0", tmp_path)
        values = made.pixels(image).reshape(-1, 3)
        centres, nearest = kmeans2(values, colors, minit="++", rng=1)
        theirs = Image.fromarray(centres[nearest].reshape(80, 120, 3).round().astype(np.uint8))
        assert made.psnr(ours, image) > made.psnr(theirs, image) - 1

    @pytest.mark.parametrize(
        ("name", "source"),
        [
            ("png", made.picture),
            ("png", made.translucent),
            ("png", faded),
            ("gif", made.picture),
            ("gif", made.translucent),
        ],
    )
    def test_of_an_animation_holds_for_every_frame(self, name: str, source: object, tmp_path: Path) -> None:
        image = source(60, 40)  # type: ignore[operator]
        frames = [image, image.rotate(180), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
        animation = made.encoded_animation("webp", frames)
        facts, content = made.rendered(animation, f"format={name}&colors=32", tmp_path)
        assert facts.frames == 3
        written = made.frames_of(content, tmp_path)
        assert [frame.duration_ms for frame in written] == [100, 200, 300]
        for frame, before in zip(written, frames, strict=True):
            assert colors_of(frame.image) <= 32
            over = [Image.new("RGBA", image.size, "white") for _ in range(2)]
            over[0].alpha_composite(frame.image)
            over[1].alpha_composite(before.convert("RGBA"))
            assert (
                np.abs(made.pixels(over[0]) - made.pixels(over[1])).mean() < 16
            )  # of 32 colours for three frames
