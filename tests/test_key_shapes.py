"""Guesses about images: bounded, and the newest of an image."""

from uuid import UUID

import pytest

from images.fast_path import key_shapes
from images.fast_path.key_shapes import Shapes
from images.fast_path.meaning import Shape
from tests.support.large_headers import PHOTO

SHAPE = Shape(PHOTO, None, 1)


def test_newest_shape_of_an_image_is_found() -> None:
    shapes = Shapes()
    aimed = Shape(PHOTO, (0.1, 0.2), 1)
    shapes.keep(UUID(int=1), SHAPE)
    shapes.keep(UUID(int=1), aimed)
    assert shapes.find(UUID(int=1)) == aimed
    assert shapes.find(UUID(int=2)) is None


def test_oldest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_shapes, "_MAX_SHAPES", 2)
    shapes = Shapes()
    for number in (1, 2, 1, 3):
        shapes.keep(UUID(int=number), SHAPE)
    assert [shapes.find(UUID(int=number)) for number in (1, 2, 3)] == [SHAPE, None, SHAPE]
