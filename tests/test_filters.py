"""Filters, against independent implementations in floating point: scipy, scikit-image, NumPy."""

import io
from hashlib import shake_128
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.stats import norm

from progimage.errors import ParameterError
from progimage.text_form import parse_text
from tests.support import images as made
from tests.support.filtering import Pixels, filtered, paint, shown, step, white_noise, white_pixel

IDENTITY = "0;0;0;0;1;0;0;0;0"
WEIGHTS = tuple(range(1, 10))
MANY_WEIGHTS = tuple((7 * n) % 11 - 3 for n in range(25))
FILTERS = {
    "blur": "blur:sigma=1.5",
    "sharpen": "sharpen:amount=80,threshold=3",
    "median": "median",
    "edge": "edge",
    "emboss": "emboss",
    "convolve": f"convolve:kernel={';'.join(map(str, WEIGHTS))}",
    "pixelate": "pixelate:size=7",
    "noise": "noise",
    "vignette": "vignette",
}
KEEP_ALPHA = [name for name in FILTERS if name not in ("blur", "pixelate")]


def slopes(image: Image.Image) -> tuple[Pixels, Pixels]:
    """Return how much the luma grows to the right and downwards, a step over two pixels as it is."""
    luma = shown(image.convert("L"))
    return ndimage.sobel(luma, axis=1, mode="reflect") / 4, ndimage.sobel(luma, axis=0, mode="reflect") / 4


class TestSharpen:
    @pytest.mark.parametrize("amount", [0, 50, 100, 350])
    def test_adds_what_a_blur_takes_away(self, amount: float) -> None:
        image = made.photograph(201, 150)
        soft = filtered("blur:sigma=1.2", image)
        expected = (shown(image) + amount / 100 * (shown(image) - soft)).clip(0, 255)
        actual = filtered(f"sharpen:sigma=1.2,amount={amount}", image)
        assert np.abs(actual - expected).max() <= 1  # Pillow cuts fractions off

    def test_leaves_small_differences(self) -> None:
        image = made.photograph(201, 150)
        soft, all_of_it = filtered("blur:sigma=1.2", image), filtered("sharpen:sigma=1.2", image)
        actual = filtered("sharpen:sigma=1.2,threshold=6", image)
        expected = np.where(np.abs(shown(image) - soft) < 6, shown(image), all_of_it)
        assert (actual == expected).all()
        assert (actual == shown(image)).any()
        assert (actual != shown(image)).any()


class TestEdge:
    @pytest.mark.parametrize("size", [(93, 70), (1, 1), (2, 9), (1_200, 1_700)], ids=str)
    def test_is_the_sobel_gradient_of_the_luma(self, size: tuple[int, int]) -> None:
        image = white_noise(*size)
        across, down = slopes(image)
        expected = np.hypot(across, down).clip(0, 255)
        assert np.abs(filtered("edge", image) - expected).max() <= 1.3  # both slopes and the root are rounded

    def test_a_step_is_white_and_a_flat_part_black(self) -> None:
        line = filtered("edge", step(40, 10))[5]
        assert line.tolist() == [0] * 19 + [255, 255] + [0] * 19


class TestEmboss:
    @pytest.mark.parametrize(
        ("angle", "toward"),
        [(0, (0, -1)), (90, (1, 0)), (180, (0, 1)), (270, (-1, 0)), (315, (-(0.5**0.5), -(0.5**0.5)))],
    )
    def test_slopes_that_face_the_light_are_bright(self, angle: float, toward: tuple[float, float]) -> None:
        image = white_noise()
        across, down = slopes(image)
        expected = (128 - 0.5 * (toward[0] * across + toward[1] * down)).clip(0, 255)
        assert np.abs(filtered(f"emboss:angle={angle},depth=0.5", image) - expected).max() <= 0.51

    def test_a_hill_is_lit_from_the_top_left(self) -> None:
        hill = filtered("emboss", white_pixel(5))
        assert hill[1, 1] > 128 > hill[3, 3]
        assert hill[0, 4] == 128


class TestConvolve:
    @pytest.mark.parametrize(
        ("kernel", "scale", "offset"),
        [(WEIGHTS, None, 0), (WEIGHTS, 60, -20), (MANY_WEIGHTS, None, 0), (MANY_WEIGHTS, -31.5, 128.25),
         ((-1, 0, 1) * 3, None, 100), ((0.1, 0.2, -0.3) * 3, None, 12)],
    )  # fmt: skip
    def test_is_a_correlation(self, kernel: tuple[float, ...], scale: float | None, offset: float) -> None:
        image, side = white_noise(), int(len(kernel) ** 0.5)
        total = sum(kernel) if abs(sum(kernel)) > 1e-9 else 1
        weights = np.reshape(kernel, (side, side, 1)) / (scale or total)
        expected = (ndimage.correlate(shown(image), weights, mode="reflect") + offset).clip(0, 255)
        given = f",scale={scale}" if scale else ""
        actual = filtered(f"convolve:kernel={';'.join(map(str, kernel))},offset={offset}{given}", image)
        assert np.abs(actual - expected).max() <= 0.51

    def test_weights_lie_as_they_are_written(self) -> None:
        """A lone weight at the top left takes each pixel's neighbour to the top left: all moves down and right."""
        moved = filtered("convolve:kernel=1;0;0;0;0;0;0;0;0", white_noise())
        assert (moved[1:, 1:] == shown(white_noise())[:-1, :-1]).all()

    @pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2)], ids=str)
    def test_takes_any_size(self, size: tuple[int, int]) -> None:
        weights = ";".join(["1"] * 25)
        expected = ndimage.uniform_filter(shown(white_noise(*size)), (5, 5, 1), mode="reflect")
        assert np.abs(filtered(f"convolve:kernel={weights}", white_noise(*size)) - expected).max() <= 0.51


class TestPixelate:
    @pytest.mark.parametrize("side", [2, 7, 64, 512])
    def test_squares_are_means_of_what_is_there(self, side: int) -> None:
        image = white_noise(93, 70)
        values, expected = shown(image), shown(image).copy()
        for top, left in product(range(0, 70, side), range(0, 93, side)):
            square = np.s_[top : top + side, left : left + side]
            expected[square] = values[square].mean(axis=(0, 1))
        assert (
            np.abs(filtered(f"pixelate:size={side}", image) - expected).max() <= 0.52
        )  # reduced by a multiplication

    def test_the_largest_squares_are_exact(self) -> None:
        assert (filtered("pixelate:size=512", Image.new("RGB", (1030, 515), "white")) == 255).all()

    @pytest.mark.parametrize("side", [63, 65, 300, 450, 511])
    def test_white_stays_white(self, side: int) -> None:
        assert (filtered(f"pixelate:size={side}", Image.new("RGB", (1030, 900), "white")) == 255).all()

    def test_a_checkerboard_becomes_grey(self) -> None:
        assert (filtered("pixelate:size=2", made.checkerboard(8, 8)) == 128).all()


class TestNoise:
    FLAT = Image.new("RGB", (400, 300), "#808080")

    @pytest.mark.parametrize("amount", [1, 5, 12])
    def test_is_gaussian(self, amount: float) -> None:
        noise = (filtered(f"noise:amount={amount}", self.FLAT) - 128) / (2.55 * amount)
        # 256 quantiles stand for the bell: its tails end at 2.9 sigma, which takes 1 % of sigma; levels are whole
        assert abs(noise.mean()) < 0.01
        assert abs(noise.std() - 1) < 0.03
        assert abs((noise**3).mean()) < 0.02
        assert (noise**4).mean() == pytest.approx(2.9, abs=0.12)
        assert np.abs(np.cov(noise.reshape(-1, 3).T) - np.eye(3) * noise.var()).max() < 0.01
        assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 0.01

    @pytest.mark.parametrize("seed", [0, 1, 65_535])
    def test_is_the_same_on_every_machine(self, seed: int) -> None:
        """It is the bytes of SHAKE128 (FIPS 202) for the seed, each a quantile of the bell."""
        levels = np.frombuffer(shake_128(str(seed).encode()).digest(3 * 400 * 300), dtype=np.uint8)
        expected = 128 + norm.ppf((levels + 0.5) / 256) * 255 * 0.05
        noise = filtered(f"noise:seed={seed}", self.FLAT)
        assert np.abs(noise.ravel() - expected).max() <= 0.501

    def test_monochrome_moves_all_channels_alike(self) -> None:
        noise = filtered("noise:monochrome=true", self.FLAT)
        assert (noise == noise[..., :1]).all()
        assert noise.std() > 10

    def test_none_changes_nothing(self) -> None:
        assert (filtered("noise:amount=0", white_noise()) == shown(white_noise())).all()


class TestVignette:
    @pytest.mark.parametrize("size", [(90, 70), (1, 1), (3, 200)], ids=str)
    @pytest.mark.parametrize(
        ("amount", "radius", "feather", "color"),
        [(50, 40, 60, "#000000"), (100, 0, 100, "#ff8800"), (80, 60, 10, "#ffffff80"), (100, 50, 0, "#000")],
    )
    def test_grows_as_a_smooth_step(
        self, size: tuple[int, int], amount: float, radius: float, feather: float, color: str
    ) -> None:
        image = white_noise(*size)
        x, y = (((2 * np.arange(side) + 1) / side - 1) for side in size)
        way = np.sqrt((x[None] ** 2 + y[:, None] ** 2) / 2)
        share = ((way - radius / 100) / max(feather / 100, 1e-9)).clip(0, 1)
        red, green, blue, alpha = made.pixels(Image.new("RGBA", (1, 1), color), "RGBA")[0, 0]
        strength = (alpha / 255 * amount / 100 * share**2 * (3 - 2 * share))[..., None]
        expected = shown(image) * (1 - strength) + strength * (red, green, blue)
        actual = filtered(
            f"vignette:amount={amount},radius={radius},feather={feather},color={color.replace('#', '')}",
            image,
        )
        # the mask has 255 steps, and the square of the distance 65,535: a hard edge may lie one pixel off
        off = np.abs(actual - expected) > 1.6
        assert off.mean() <= (0 if feather else 0.02)


class TestAlpha:
    @pytest.mark.parametrize("name", KEEP_ALPHA)
    def test_stays(self, name: str) -> None:
        image = made.translucent()
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        result = paint(FILTERS[name], image)
        assert result.mode == "RGBA"
        assert made.furthest(result.getchannel("A"), image.getchannel("A"), "L") == 0

    @pytest.mark.parametrize("name", FILTERS)
    def test_hidden_colours_do_not_bleed(self, name: str) -> None:
        """Red lies below the transparent half of a green image: no filter may show any of it."""
        image = Image.new("RGBA", (60, 40), "#00ff00ff")
        image.paste((255, 0, 0, 0), (0, 0, 30, 40))
        result = filtered(FILTERS[name], image)
        flat = filtered(FILTERS[name], Image.new("RGBA", (60, 40), "#00ff00ff"))
        visible = result[..., 3] > 8
        # a colour that is divided by a small alpha has few levels
        assert np.abs(result - flat)[visible][:, 0].max() <= 2
        assert np.abs(result - flat)[result[..., 3] > 200][:, :3].max() <= 3

    def test_a_blur_spreads_it(self) -> None:
        image = Image.new("RGBA", (60, 40), "#00ff00ff")
        image.paste((255, 0, 0, 0), (0, 0, 30, 40))
        line = filtered("blur:sigma=3", image)[20, :, 3]
        assert (np.diff(line) >= 0).all()
        assert line[0] == 0
        assert line[59] == 255
        assert line[29:31].mean() == pytest.approx(127.5, abs=1)

    def test_the_identity_changes_nothing_that_is_seen(self) -> None:
        image = made.translucent()
        result = filtered(f"convolve:kernel={IDENTITY}", image)
        visible = shown(image)[..., 3] > 0
        assert (result[visible] == shown(image)[visible]).all()


@pytest.mark.parametrize("name", FILTERS)
def test_every_frame_of_an_animation_is_filtered(name: str, tmp_path: Path) -> None:
    frames = [made.picture(40, 30), made.checkerboard(40, 30, cell=5), white_noise(40, 30)]
    content = made.encoded_animation("png", frames)
    _, result = made.rendered(content, f"transform={FILTERS[name]}&format=png", tmp_path)
    assert Image.open(io.BytesIO(result)).n_frames == 3  # type: ignore[attr-defined]
    for frame, source in zip(made.frames_of(result, tmp_path), frames, strict=True):
        assert made.furthest(frame.image, paint(FILTERS[name], source)) == 0


@pytest.mark.parametrize(
    ("text", "pointer"),
    [("median:size=4", "/size"), ("median:size=7", "/size"), ("convolve:kernel=1;2;3;4", "/kernel"),
     (f"convolve:kernel={';'.join(['1'] * 16)}", "/kernel"), (f"convolve:kernel={IDENTITY},scale=0", "/scale"),
     ("blur", "/sigma"), ("blur:sigma=0.2", "/sigma"), ("blur:sigma=1e6", "/sigma"), ("pixelate:size=513", "/size")],
)  # fmt: skip
def test_wrong_parameters_are_refused_by_name(text: str, pointer: str) -> None:
    """IMG-14."""
    with pytest.raises(ParameterError, match="Expected") as caught:
        parse_text(text)
    assert caught.value.pointer.endswith(pointer)
