"""The shapes of images on which cache keys depended lately.

A shape is a guess, which the row of the image confirms or corrects. So an old one makes no answer wrong."""

import os
from threading import Lock
from uuid import UUID

from .meaning import Shape

_MAX_SHAPES = 10_000
"""Some 10 MB."""


class Shapes:
    """Shapes by the ids of their images. The oldest make room for new ones."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._lock = Lock()
        self._shapes: dict[UUID, Shape] = {}

    def find(self, image_id: UUID) -> Shape | None:
        return self._shapes.get(image_id)

    def keep(self, image_id: UUID, shape: Shape) -> None:
        with self._lock:
            self._shapes.pop(image_id, None)
            while len(self._shapes) >= _MAX_SHAPES:
                del self._shapes[next(iter(self._shapes))]
            self._shapes[image_id] = shape


shapes = Shapes()
"""Those of this process."""

os.register_at_fork(after_in_child=shapes.clear)
