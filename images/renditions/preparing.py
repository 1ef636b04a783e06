"""A transform on any source, with everything decided before the first pixel."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from django.conf import settings

from accounts.access.caller import Caller
from images.models import Image, Rendition
from images.services import overviews
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.formats.table import FORMATS, Format
from transforms.planning import negotiate_format, overview, resolve
from transforms.planning.ceilings import Extent
from transforms.planning.overview_recipe import RECIPE
from transforms.workers.costs import TaskCost, render_cost
from transforms.workers.pool import pool

from .other_images import ReadReference, open_others
from .rendering import RenderedFile, render_source
from .sources import OpenSource, Recipe, overview_of, source_of


class DecodedFrom(Enum):
    """The file from which the result of a transform on a stored image is decoded.

    For now: the same request will be answered from an overview as soon as there is one."""

    ORIGINAL = "original"
    ORIGINAL_FOR_NOW = "original for now"
    OVERVIEW = "overview"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A transform that is ready to be rendered.

    `requested` is the transform as the client wrote it; `recipe` has its format chosen, the other images
    opened and all defaults written out. `owner` is the account in whose turn it is rendered. If it
    `awaits_overview`, the same request will be answered from an overview as soon as there is one."""

    source: OpenSource
    header: Header
    requested: Transform
    recipe: Recipe
    cache_key: str
    owner: Hashable
    awaits_overview: bool = False
    rendered: RenderedFile | None = None
    """The result, if the child that read the header has rendered it on that occasion."""

    @property
    def decoded_from(self) -> Literal["original", "overview"]:
        return "original" if self.source.original is None else "overview"

    @property
    def image(self) -> Image:
        """The stored image that is the source. Raise TypeError if the source is not stored."""
        if self.source.image is None:
            raise TypeError("Only stored images have renditions")
        return self.source.image

    @property
    def resolved(self) -> Transform:
        return self.recipe.transform

    @property
    def format(self) -> Format:
        return FORMATS[str(self.resolved.output.format)]

    @property
    def is_negotiated(self) -> bool:
        """Whether a request with another Accept header might have got another format."""
        return self.requested.output.format == "auto"

    @property
    def cost(self) -> TaskCost:
        """The facts from which the time of a render is estimated."""
        header = self.header
        if self.decoded_from == "overview":
            header = overview.header_of_overview(header)
        return render_cost(header.format, header.megapixels, self.resolved)

    def new_row(self) -> Rendition:
        """Return the row of the rendition, unsaved."""
        others = self.recipe.others.values()
        return Rendition(
            image=self.image,
            cache_key=self.cache_key,
            transform=self.resolved.as_dict(),
            others=[other.image.pk for other in others if other.image],
            format=self.format.name,
        )

    def render(self) -> RenderedFile:
        """Render in a turn of the owner, unless that was done. Call it once.

        Raise as the pool's `turn` and `rendering.render_source` do."""
        if self.rendered is not None:
            return self.rendered
        with pool().turn(self.owner, cost=self.cost) as turn:
            return render_source(self.source, self.recipe, turn)


@dataclass(frozen=True)
class Acceptance:
    """The formats that a client accepts, for a transform with the format "auto".

    `accept` is the request's header. `fallback` is the format if the header names none that fits: by default
    the source's own."""

    accept: str
    fallback: Format | None = None


@contextmanager
def prepare(
    source: OpenSource,
    transform: Transform,
    *,
    acceptance: Acceptance,
    read_reference: ReadReference,
    caller: Caller,
) -> Iterator[Prepared]:
    """Decide everything about a transform. The other images stay open while the context lasts.

    Raise the errors of probing the source and of opening other images."""
    owner = source.image.account_id if source.image else caller.account.pk
    header = source.read_header(owner=owner)
    chosen = transform
    if transform.output.format == "auto":
        extent = Extent(header.upright, header.frames, header.has_alpha)
        chosen = choose_format(transform, acceptance, extent, header.format)
    if not chosen.image_references():
        yield _resolved(source, header, transform, Recipe(chosen), owner)
        return
    with open_others(chosen, read_reference, caller) as recipe:
        yield _resolved(source, header, transform, recipe, owner)


def prepare_recipe(image: Image, recipe: Recipe) -> Prepared:
    """Decide everything about a recipe, whose format is chosen and whose other images are open."""
    source = source_of(image)
    header = source.read_header(owner=image.account_id)
    return _resolved(source, header, recipe.transform, recipe, image.account_id)


def from_original(prepared: Prepared) -> Prepared:
    """Return the same transform on the original, if it was to be decoded from an overview."""
    if prepared.source.original is None:
        return prepared
    source = source_of(prepared.image)
    return replace(
        prepared,
        source=source,
        cache_key=resolve.cache_key(source.sha256, prepared.resolved),
        awaits_overview=True,
    )


def choose_format(
    transform: Transform, acceptance: Acceptance, extent: Extent, source_format: str
) -> Transform:
    """Replace the format "auto" by the best one that the client accepts."""
    return negotiate_format.negotiate(
        transform,
        acceptance.accept,
        source=extent,
        fallback=acceptance.fallback or FORMATS[source_format],
        limits=pool().settings.limits,
    )


def choose_source(header: Header, resolved: Transform, overview_version: int | None) -> DecodedFrom:
    """Return the file from which a result is decoded. `overview_version` is that of the image's row."""
    # Of small images nothing more has to be known.
    if overview_version == overviews.HAS_NONE or not settings.OVERVIEWS:
        return DecodedFrom.ORIGINAL
    if not overview.serves(header, resolved):
        return DecodedFrom.ORIGINAL
    is_ready = overview_version == RECIPE.version
    return DecodedFrom.OVERVIEW if is_ready else DecodedFrom.ORIGINAL_FOR_NOW


def _resolved(
    source: OpenSource, header: Header, requested: Transform, recipe: Recipe, owner: Hashable
) -> Prepared:
    """Write out all defaults."""
    image = source.image
    resolved = resolve.resolve(recipe.transform, header.format, focal=image.focal if image else None)
    prepared = Prepared(
        source=source,
        header=header,
        requested=requested,
        recipe=Recipe(resolved, recipe.others),
        cache_key=resolve.cache_key(source.sha256, resolved),
        owner=owner,
    )
    if image is None:
        return prepared
    decoded_from = choose_source(header, resolved, image.overview_version)
    if decoded_from != DecodedFrom.OVERVIEW:
        return replace(prepared, awaits_overview=decoded_from == DecodedFrom.ORIGINAL_FOR_NOW)
    return replace(
        prepared,
        source=overview_of(image, header),
        cache_key=resolve.cache_key(source.sha256, resolved, overview=RECIPE),
    )
