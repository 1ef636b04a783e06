"""Results from overviews have the same size and part as those of the full decode, and look the same."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ProgImageError, UnprocessableImage
from progimage.operations import Output, Resize
from progimage.operations.geometry import Crop
from progimage.transform import Transform
from tests.support import images as made
from tests.support.corpus import CORPUS
from tests.support.icc_profiles import rgb_profile
from tests.support.similarity import ssim
from transforms import engine
from transforms.decoding.decode import probe
from transforms.engine import Rendered, render_file
from transforms.geometry import Size
from transforms.planning.overview import OverviewFile, overview_transform, serves
from transforms.planning.overview_recipe import RECIPE, OverviewRecipe, find_overview_size
from transforms.planning.resolve import resolve

DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def make_overview(source: Path) -> OverviewFile:
    header = probe(source)
    size = find_overview_size(header)
    assert size is not None
    target = source.with_name(f"{source.name}.overview.jpg")
    rendered = engine.make_overview(source, resolve(overview_transform(size), header.format), target)
    assert Size(rendered.width, rendered.height) == size
    return OverviewFile(target, header)


def both(
    source: Path, overview: OverviewFile, transform: Transform
) -> tuple[Image.Image, Image.Image, list[Rendered]]:
    """Return the result from the original, that from the overview, and the facts of both."""
    resolved = resolve(transform, overview.original.format)
    assert serves(overview.original, resolved)
    pictures = []
    facts = []
    for name, decoded in (("full", source), ("reduced", overview)):
        target = source.with_name(name)
        facts.append(render_file(decoded, resolved, target))
        with Image.open(target) as picture:
            picture.load()
            pictures.append(picture)
    return pictures[0], pictures[1], facts


photograph = cache(made.photograph)


def landscape(width: int, height: int, seed: int) -> Image.Image:
    """A scene with the structures of a photograph: noise as of nature, sharp edges, fine lines, flat areas."""
    random = np.random.default_rng(seed)
    picture = np.asarray(photograph(width, height)).astype(np.float32)
    rows, columns = np.indices((height, width))
    for _ in range(12):
        x, y, radius = random.random(3) * (width, height, height / 4)
        inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
        picture[inside] = 0.4 * picture[inside] + 0.6 * random.random(3) * 255
    lines = (columns * random.random() + rows * random.random()) % 40 < 6
    picture[lines & (rows > height // 2)] *= 0.5
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def ramp(width: int, height: int) -> Image.Image:
    return made.picture(width, height)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overviews")


@pytest.fixture(scope="module")
def scene(folder: Path) -> tuple[Path, OverviewFile]:
    source = folder / "scene"
    source.write_bytes(made.encoded("jpeg", landscape(3_003, 2_001, 1), quality=92))
    return source, make_overview(source)


COVERS = [Resize(width=side, height=side, fit="cover") for side in (100, 150, 200, 300, 384)]
PARTS = [
    (Crop(left=101, top=57, width=1_801, height=1_501), Resize(width=300, height=250, fit="cover")),
    (Crop(left=0.25, top=0.125, width=0.5, height=0.6, unit="ratio"), Resize(width=240)),
    (Crop(aspect_ratio=1.0, gravity="east"), Resize(width=333)),
    (Resize(width=300, height=150, fit="cover", gravity="southwest"),),
    (Resize(width=120, height=240, fit="cover", focal=(0.9, 0.2)),),
    (Resize(width=301, height=77, fit="fill"),),
    (Resize(width=200, height=300, fit="contain"),),
    (Resize(width=133, dpr=1.5),),
]


@pytest.mark.parametrize("operations", [*((cover,) for cover in COVERS), *PARTS], ids=str)
def test_the_result_is_that_of_the_full_decode(scene: Any, operations: tuple[Any, ...]) -> None:
    """The size is the same to the pixel, and the part as well: a shift by a quarter of a pixel costs more."""
    full, reduced, facts = both(scene[0], scene[1], Transform(operations, Output(format="png")))
    assert full.size == reduced.size
    assert (facts[0].format, facts[0].frames) == (facts[1].format, facts[1].frames)
    assert ssim(full, reduced) >= 0.985


@pytest.mark.parametrize("orientation", range(1, 9))
def test_parts_are_those_of_the_upright_image(folder: Path, orientation: int) -> None:
    """On a ramp a pixel's value is its place: a px of the result is 10 px of the original."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = folder / f"turned{orientation}"
    source.write_bytes(made.encoded("jpeg", ramp(3_000, 2_000), exif=exif, quality=95))
    overview = make_overview(source)
    crop = Crop(left=301, top=203, width=1_000, height=1_200)
    resize = Resize(width=100, height=120, fit="fill")
    full, reduced, _ = both(source, overview, Transform((crop, resize), Output(format="png")))
    assert full.size == reduced.size == (100, 120)
    difference = np.asarray(full).astype(int) - np.asarray(reduced).astype(int)
    assert np.abs(difference).max() <= 3
    assert abs(difference.mean()) < 0.3


def test_colours_are_in_srgb_already(folder: Path) -> None:
    source = folder / "wide"
    profile = rgb_profile(DISPLAY_P3, 2.2)
    source.write_bytes(made.encoded("jpeg", landscape(2_600, 2_000, 2), quality=92, icc_profile=profile))
    full, reduced, _ = both(source, make_overview(source), Transform((COVERS[3],), Output(format="png")))
    difference = np.asarray(full).astype(float) - np.asarray(reduced).astype(float)
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.5
    assert ssim(full, reduced) >= 0.985


def test_grey_stays_grey(folder: Path) -> None:
    source = folder / "grey"
    source.write_bytes(made.encoded("jpeg", landscape(2_600, 2_000, 3).convert("L"), quality=92))
    full, reduced, _ = both(source, make_overview(source), Transform((COVERS[3],), Output(format="png")))
    assert full.mode == reduced.mode == "L"
    assert ssim(full, reduced) >= 0.985


def test_pixels_of_an_overview_are_those_of_its_version(tmp_path: Path) -> None:
    """If this hash changes, raise the version of the recipe: one key has one result."""
    source = tmp_path / "ramp"
    source.write_bytes(made.encoded("png", ramp(2_600, 2_000)))
    with Image.open(make_overview(source).path) as overview:
        assert (overview.size, overview.format, overview.mode) == ((998, 768), "JPEG", "RGB")
        assert overview.info.get("icc_profile") is None
        assert [layer[1:3] for layer in overview.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
        corners = [overview.getpixel(place) for place in ((0, 0), (997, 0), (0, 767), (997, 767))]
    expected = np.array([(0, 0, 64), (255, 0, 64), (0, 255, 64), (255, 255, 64)])
    assert np.abs(np.array(corners) - expected).max() <= 4
    assert OverviewRecipe(short_side=768, long_side=2_048, quality=90, version=1) == RECIPE


@pytest.mark.slow
def test_every_scene_is_like_its_full_decode(folder: Path) -> None:
    """SSIM of 0.985 at worst and 0.99 in the median, and 15 % of the originals' bytes."""
    likenesses = []
    original_bytes = 0
    overview_bytes = 0
    for seed in range(10, 15):
        source = folder / f"scene{seed}"
        source.write_bytes(made.encoded("jpeg", landscape(4_000, 3_000, seed), quality=92))
        overview = make_overview(source)
        original_bytes += source.stat().st_size
        overview_bytes += overview.path.stat().st_size
        for cover in COVERS[1:]:
            full, reduced, _ = both(source, overview, Transform((cover,), Output(format="png")))
            likenesses.append(ssim(full, reduced))
    assert min(likenesses) >= 0.985
    assert np.median(likenesses) >= 0.99
    assert overview_bytes < 0.15 * original_bytes


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
def test_photographs_of_the_corpus(tmp_path: Path) -> None:
    likenesses = []
    for photograph in sorted(Path(CORPUS, "photos").glob("*.*")):
        source = tmp_path / photograph.name
        source.write_bytes(photograph.read_bytes())
        try:
            size = find_overview_size(probe(source))
        except ProgImageError:
            continue
        if size is None:
            continue
        overview = make_overview(source)
        for cover in COVERS[1:]:
            if serves(overview.original, resolve(Transform((cover,)), overview.original.format)):
                full, reduced, _ = both(source, overview, Transform((cover,), Output(format="png")))
                likenesses.append(ssim(full, reduced))
    assert len(likenesses) > 10
    assert min(likenesses) >= 0.985
    assert np.median(likenesses) >= 0.99


def test_an_overview_is_a_plain_jpeg(tmp_path: Path) -> None:
    source = tmp_path / "scene"
    exif = Image.Exif()
    exif[0x013B] = "an artist"
    source.write_bytes(made.encoded("jpeg", ramp(2_600, 2_000), exif=exif))
    content = make_overview(source).path.read_bytes()
    with Image.open(io.BytesIO(content)) as overview:
        assert not overview.getexif()


def test_few_colours_get_no_overview(tmp_path: Path) -> None:
    """A result of a palette may be a palette again, in fewer bytes."""
    source = tmp_path / "few"
    source.write_bytes(made.encoded("png", ramp(2_600, 2_000).quantize(16)))
    with pytest.raises(UnprocessableImage, match="true colour or grey"):
        make_overview(source)
