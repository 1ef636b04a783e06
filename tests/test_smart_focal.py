"""Smart gravity keeps a thing on flat ground, and of photographs mostly the same part as libvips."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.operations import Operation, Resize
from progimage.operations.geometry import Crop, Thumbnail
from progimage.text_form import spell_text
from tests.support import images as made
from tests.support.corpus import CORPUS
from transforms.fits import Anchor, part
from transforms.geometry import Box, Size
from transforms.render.smart_focal import find_focal

SIDE = 30
"""Px of the thing that is to be found, on 240 x 160."""


def thing(kind: str) -> Image.Image:
    if kind == "checkerboard":
        return made.checkerboard(SIDE, SIDE, cell=3)
    return Image.new("RGB", (SIDE, SIDE), kind)


def scene(left: int, top: int, *, kind: str = "checkerboard", ground: str = "#808080") -> Image.Image:
    image = Image.new("RGB", (240, 160), ground)
    image.paste(thing(kind), (left, top))
    return image


def kept(image: Image.Image, *, shares: tuple[float, float]) -> Box:
    size, focal = Size(*image.size), find_focal(image, *shares)
    return part(size, size.width * shares[0], size.height * shares[1], Anchor("smart", focal))


PLACES = [(0, 0), (105, 0), (210, 65), (30, 120), (190, 128), (5, 70)]


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize(
    ("kind", "ground"),
    [
        ("checkerboard", "#808080"),
        ("checkerboard", "#1060c0"),
        ("#d02020", "#808080"),
        ("#d02020", "#1060c0"),
        ("#e0b090", "#405060"),
        ("#1060c0", "#e0b090"),
        ("#808080", "#d02020"),
        ("white", "black"),
    ],
)
@pytest.mark.parametrize("shares", [(2 / 3, 1), (1, 0.5), (0.3, 0.4)], ids=str)
def test_a_thing_on_flat_ground_is_kept_whole(
    place: tuple[int, int], kind: str, ground: str, shares: tuple[float, float]
) -> None:
    """To a cell of the copy that is looked at: 240 / 64 px."""
    left, top = place
    box = kept(scene(left, top, kind=kind, ground=ground), shares=shares)
    assert box.left <= left + 4
    assert box.top <= top + 4
    assert box.left + box.width >= left + SIDE - 4
    assert box.top + box.height >= top + SIDE - 4


@pytest.mark.parametrize("size", [(240, 160), (1, 1), (500, 1), (3, 700)], ids=str)
def test_where_all_is_alike_the_centre_is_kept(size: tuple[int, int]) -> None:
    x, y = find_focal(Image.new("RGB", size, "#336699"), 0.5, 0.5)
    assert (x, y) == pytest.approx((0.5, 0.5), abs=0.02)  # of 43 rows the middle one


def test_what_is_hidden_draws_no_eye() -> None:
    """Noise below full transparency on the left, a plain square on the right."""
    image = scene(0, 60).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    image.paste("#606060", (200, 60, 230, 90))
    assert find_focal(image, 0.5, 1)[0] > 0.7


OPERATIONS = [
    Thumbnail(width=80),
    Resize(width=80, height=80, fit="cover", gravity="smart"),
    Crop(width=80, height=80, gravity="smart"),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
class TestOperations:
    """The thing is the one white part of a black image: whether it was kept is read from the result's mean."""

    def scene(self, left: int, top: int) -> Image.Image:
        return scene(left, top, kind="white", ground="black")

    def is_kept(self, operation: Operation, image: Image.Image) -> bool:
        factor = 1 if isinstance(operation, Crop) else image.height / 160
        return bool(made.pixels(image).sum() / 3 / 255 > 0.9 * (SIDE * factor) ** 2)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_means_the_upright_image(self, operation: Operation, orientation: int, tmp_path: Path) -> None:
        content = made.encoded_oriented(orientation, image=self.scene(205, 10))
        assert self.is_kept(operation, rendered(content, operation, tmp_path))

    def test_is_settled_on_the_first_frame(self, operation: Operation, tmp_path: Path) -> None:
        frames = [self.scene(200, 20), self.scene(0, 20), self.scene(190, 40)]
        content = made.encoded_animation("png", frames)
        shown = [frame.image for frame in made.frames_of(render(content, operation, tmp_path), tmp_path)]
        assert [self.is_kept(operation, image) for image in shown] == [True, False, True]

    def test_after_another_operation_means_what_that_gave(self, operation: Operation, tmp_path: Path) -> None:
        content = made.encoded("png", self.scene(205, 10))
        assert self.is_kept(operation, rendered(content, operation, tmp_path, before="flip/"))

    def test_of_a_large_jpeg_is_settled_on_a_scaled_decode(
        self, operation: Operation, tmp_path: Path
    ) -> None:
        large = self.scene(205, 10).resize((2400, 1600), Image.Resampling.NEAREST)
        wanted = Crop(width=800, height=800, gravity="smart") if isinstance(operation, Crop) else operation
        image = rendered(made.encoded("jpeg", large), wanted, tmp_path)
        assert self.is_kept(operation, image.resize((80, 80)))

    def test_another_focal_point_goes_before(self, operation: Operation, tmp_path: Path) -> None:
        given = replace(operation, focal=(0.0, 0.5))  # type: ignore[call-arg]
        content = made.encoded("png", self.scene(205, 10))
        assert not self.is_kept(operation, rendered(content, given, tmp_path))


def render(content: bytes, operation: Operation, folder: Path, *, before: str = "") -> bytes:
    return made.rendered(content, f"transform={before}{spell_text([operation])}&format=png", folder)[1]


def rendered(content: bytes, operation: Operation, folder: Path, **options: Any) -> Image.Image:
    return Image.open(io.BytesIO(render(content, operation, folder, **options)))


@pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no folder")
def test_photographs_are_cut_much_as_libvips_cuts_them() -> None:
    """Mean overlap with the box of libvips's attention, at five proportions: 80 % for the largest box (the plain
    centre has 77 %), 51 % for 0.6 of its sides (40 %). Skin and a part's middle count more here than there."""
    import pyvips  # type: ignore[import-untyped]

    overlaps = []
    for image in photographs():
        values = pyvips.Image.new_from_array(np.asarray(image)).copy(interpretation="srgb")
        for ratio in (1, 9 / 16, 16 / 9, 3 / 4, 2):
            for share in (1, 0.6):
                wide, high = min(image.width, image.height * ratio), min(image.height, image.width / ratio)
                width, height = int(wide * share), int(high * share)
                if width * height > 0.9 * image.width * image.height:
                    continue
                theirs = values.smartcrop(width, height, interesting="attention")
                ours = kept(image, shares=(width / image.width, height / image.height))
                centre = part(Size(*image.size), width, height, Anchor())
                there = Box(-theirs.xoffset, -theirs.yoffset, width, height)
                overlaps.append((share, overlap(ours, there), overlap(centre, there)))
    assert len(overlaps) > 150
    for share, least in ((1, 0.02), (0.6, 0.08)):
        own, plain = np.mean([row[1:] for row in overlaps if row[0] == share], axis=0)
        assert own > plain + least


def photographs() -> list[Image.Image]:
    with (Path(CORPUS) / "manifest.csv").open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["category"] == "photos" and row["mode"] in ("RGB", "L")
        ]
    small = []
    for row in rows:
        image = Image.open(Path(CORPUS) / row["path"]).convert("RGB")
        image.thumbnail((512, 512))
        small.append(image)
    return small


def overlap(one: Box, other: Box) -> float:
    across = max(0.0, one.width - abs(one.left - other.left))
    return across * max(0.0, one.height - abs(one.top - other.top)) / (one.width * one.height)
