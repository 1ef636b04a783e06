"""Which results are decoded from an overview: decided by the header and the transform alone."""

from dataclasses import replace
from typing import Any

import pytest

from progimage.operations import Output, Resize, operations
from progimage.operations.geometry import Crop, Flip, Thumbnail, Trim
from progimage.operations.tone import Grayscale, Posterize
from progimage.transform import Transform
from tests.support.large_headers import PHOTO
from transforms.planning.overview import _MAGNIFYING, is_worth_keeping, serves
from transforms.planning.overview_recipe import RECIPE, OverviewRecipe
from transforms.planning.resolve import cache_key, resolve


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        pytest.param([Resize(width=300, height=300, fit="cover")], True, id="cover"),
        pytest.param([Resize(width=384, height=384, fit="cover")], True, id="exactly half"),
        pytest.param([Resize(width=385, height=385, fit="cover")], False, id="more than half"),
        pytest.param([Resize(width=512)], True, id="half of the width"),
        pytest.param([Resize(width=513)], False, id="more than half of the width"),
        pytest.param([Resize(width=256, dpr=2.0)], True, id="dpr within half"),
        pytest.param([Resize(width=300, dpr=2.0)], False, id="dpr beyond half"),
        pytest.param([Resize(width=512, height=10, fit="fill")], True, id="fill within half"),
        pytest.param([Resize(width=10, height=385, fit="fill")], False, id="fill, one side beyond half"),
        pytest.param([Resize(width=200, height=200, fit="contain")], True, id="contain"),
        pytest.param([Thumbnail(width=200, gravity="center")], True, id="thumbnail"),
        pytest.param([Thumbnail(width=200)], False, id="smart gravity without a focal point"),
        pytest.param([Thumbnail(width=200, focal=(0.2, 0.3))], True, id="focal point"),
        pytest.param(
            [Crop(left=0, top=0, width=2_000, height=1_500), Resize(width=256)], True, id="crop, resize"
        ),
        pytest.param(
            [Crop(left=0, top=0, width=2_000, height=1_500), Resize(width=257)], False, id="small part"
        ),
        pytest.param([Crop(left=0.5, width=0.5, unit="ratio"), Resize(width=256)], True, id="crop by shares"),
        pytest.param([Crop(aspect_ratio=1.0), Resize(width=300)], True, id="crop by proportions"),
        pytest.param([Crop(left=0, top=0, width=300, height=300)], False, id="crop alone"),
        pytest.param([Resize(width=300), Grayscale()], True, id="a filter follows"),
        pytest.param([Grayscale(), Resize(width=300)], False, id="a filter is first"),
        pytest.param([Flip(), Resize(width=300)], False, id="a turn is first"),
        pytest.param([Resize(width=300), Posterize(levels=4)], False, id="levels that nearly differ part"),
        pytest.param([Resize(width=300), Trim()], False, id="a size that depends on pixels"),
        pytest.param([Resize(width=300), Thumbnail(width=50)], False, id="smart gravity later"),
        pytest.param([], False, id="no operation"),
    ],
)
def test_results_from_an_overview(operations: list[Any], expected: bool) -> None:
    assert serves(PHOTO, resolve(Transform(tuple(operations)), "jpeg")) is expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(Output(format="webp", quality=50), True, id="any format and quality"),
        pytest.param(Output(metadata="copyright"), False, id="copyright"),
        pytest.param(Output(metadata="keep"), False, id="metadata"),
        pytest.param(Output(hdr="keep"), False, id="gain map"),
        pytest.param(Output(format="bmp", metadata="keep"), True, id="metadata that the format cannot hold"),
    ],
)
def test_outputs_from_an_overview(output: Output, expected: bool) -> None:
    transform = Transform((Resize(width=300),), output)
    assert serves(PHOTO, resolve(transform, "jpeg")) is expected


def test_a_focal_point_of_the_image_settles_smart_gravity() -> None:
    transform = Transform((Thumbnail(width=200),))
    assert serves(PHOTO, resolve(transform, "jpeg", focal=(0.5, 0.5)))


def test_small_originals_are_decoded_themselves() -> None:
    small = replace(PHOTO, width=1_000, height=800)
    assert not serves(small, resolve(Transform((Resize(width=100),)), "jpeg"))


def test_the_recipe_is_a_part_of_the_key() -> None:
    resolved = resolve(Transform((Resize(width=300),)), "jpeg")
    recipes = [
        None,
        RECIPE,
        OverviewRecipe(version=2),
        OverviewRecipe(quality=91),
        OverviewRecipe(short_side=512),
    ]
    assert len({cache_key("0" * 64, resolved, overview=recipe) for recipe in recipes}) == len(recipes)


@pytest.mark.parametrize(("size_bytes", "expected"), [(300, True), (301, False)])
def test_an_overview_takes_at_most_30_percent_of_the_bytes(size_bytes: int, expected: bool) -> None:
    assert is_worth_keeping(size_bytes, 1_000) is expected


def test_operations_that_magnify_differences_are_known_by_name() -> None:
    assert set(operations()) >= _MAGNIFYING
