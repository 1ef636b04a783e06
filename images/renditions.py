"""From an image and a transform to the rendition's row and bytes: found where it was made, made where not."""

from typing import IO

from imagekit.cachefiles import ImageCacheFile
from imagekit.registry import generator_registry

from progimage.operations import Transform
from transforms.resolving import cache_key, resolve

from .models import Image, Rendition
from .specs import SPEC_ID


def get_rendition(image: Image, transform: Transform) -> tuple[Rendition, IO[bytes] | None]:
    """Return the ready rendition, and its content, open at its start, where this call rendered it.

    Raises UnprocessableImage, ImageTooLarge, ObjectMissing, NotFound or Unavailable."""
    resolved = resolve(transform, image.format)
    key = cache_key(image.sha256, resolved)
    ready = Rendition.objects.filter(image=image, cache_key=key, state=Rendition.State.READY).first()
    if ready is not None:
        return ready, None
    wanted = Rendition(
        image=image,
        cache_key=key,
        transform=resolved.as_dict(),
        format=str(resolved.output.format),
    )
    file = ImageCacheFile(generator_registry.get(SPEC_ID, source=wanted))
    file.generate()
    return file.generator.source, getattr(file, "_file", None)


def forget(rendition: Rendition) -> None:
    """Drop the row of a rendition whose bytes are gone from storage, so that it is made again."""
    Rendition.objects.filter(pk=rendition.pk, state=Rendition.State.READY).delete()
