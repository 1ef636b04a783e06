"""From an image and a transform to the rendition's row and bytes: found where it was made, made where not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TypeVar

from imagekit.cachefiles import ImageCacheFile
from imagekit.registry import generator_registry

from images.models import Image, Rendition
from images.services import hit_counts
from images.storage import renditions
from progimage.errors import ObjectMissing
from transforms.planning.resolve import cache_key, resolve

from .imagekit_spec import SPEC_ID
from .sources import Recipe

T = TypeVar("T")
OpenRange = Callable[[int, int | None], IO[bytes]]


def open_rendition(image: Image, recipe: Recipe) -> tuple[Rendition, IO[bytes]]:
    """Return the ready rendition and its content, open at its start. Raises as `use_rendition`."""
    return use_rendition(image, recipe, lambda rendition, open_range: (rendition, open_range(0, None)))


def use_rendition(image: Image, recipe: Recipe, use: Callable[[Rendition, OpenRange], T]) -> T:
    """Return what `use` makes of the ready rendition and of what opens its content, which is a hit.

    Where the content is gone from storage the rendition is made anew, and `use` is called again. Raises as
    `get_rendition`."""
    for _ in range(2):
        rendition, rendered = get_rendition(image, recipe)
        content = _Content(rendition, rendered)
        try:
            return use(rendition, content.open_range)
        except FileNotFoundError:
            _forget(rendition)
        finally:
            content.close()
    raise ObjectMissing("The rendition's bytes do not stay in storage")


def get_rendition(image: Image, recipe: Recipe) -> tuple[Rendition, IO[bytes] | None]:
    """Return the ready rendition, and its content, open at its start, where this call rendered it.

    Raises UnprocessableImage, ImageTooLarge, ObjectMissing, NotFound or Unavailable."""
    resolved = resolve(recipe.transform, image.format, focal=image.focal)
    key = cache_key(image.sha256, resolved)
    ready = Rendition.objects.filter(image=image, cache_key=key, state=Rendition.State.READY).first()
    if ready is not None:
        return ready, None
    wanted = Rendition(
        image=image,
        cache_key=key,
        transform=resolved.as_dict(),
        others=[other.image.pk for other in recipe.others.values() if other.image],
        format=str(resolved.output.format),
    )
    spec = generator_registry.get(SPEC_ID, source=wanted)
    spec.others = recipe.others
    file = ImageCacheFile(spec)
    file.generate()
    return file.generator.source, getattr(file, "_file", None)


@dataclass
class _Content:
    """The bytes of a rendition: `rendered` just now, or else those in storage."""

    rendition: Rendition
    rendered: IO[bytes] | None

    def open_range(self, start: int, stop: int | None) -> IO[bytes]:
        opened, self.rendered = self.rendered, None
        if opened is None:
            opened = renditions().open_range(self.rendition.storage_name, start, stop)
        else:
            opened.seek(start)
        hit_counts.count(self.rendition)
        return opened

    def close(self) -> None:
        """Remove what was rendered and not opened."""
        if self.rendered is not None:
            self.rendered.close()


def _forget(rendition: Rendition) -> None:
    """Drop the row of a rendition whose bytes are gone from storage, so that it is made again."""
    Rendition.objects.filter(pk=rendition.pk, state=Rendition.State.READY).delete()
