"""A transform on any source: all that is decided before the first pixel, and the plan that says so."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from progimage.operations import Operation
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.formats.table import FORMATS, Format
from transforms.geometry import Size
from transforms.planning.negotiate_format import Extent, negotiate
from transforms.planning.plan import check_sizes
from transforms.planning.resolve import cache_key, resolve
from transforms.render import measure
from transforms.workers.pool import pool

from .other_images import Find, find_others
from .rendering import RenderedFile, render_source
from .sources import Recipe, Source


@dataclass(frozen=True, kw_only=True)
class Work:
    """The transform as it was `asked` for, the `recipe` with its format chosen and other images found, and
    `resolved` with all defaults. `owner` is on whose behalf it is rendered."""

    source: Source
    header: Header
    asked: Transform
    recipe: Recipe
    resolved: Transform
    owner: Hashable

    @property
    def format(self) -> Format:
        return FORMATS[str(self.resolved.output.format)]

    @property
    def is_negotiated(self) -> bool:
        return self.asked.output.format == "auto"

    @property
    def cache_key(self) -> str:
        return cache_key(self.source.sha256, self.resolved)

    def render(self) -> RenderedFile:
        """Raises as `rendering.render_source`."""
        return render_source(self.source, Recipe(self.resolved, self.recipe.others), owner=self.owner)


def prepare(source: Source, asked: Transform, *, accept: str, find: Find, owner: Hashable) -> Work:
    """Decide everything. Raises what probing the source and finding other images raise."""
    header = source.read_header(owner=owner)
    recipe = find_others(choose_format(asked, accept, header, FORMATS[header.format]), find)
    focal = source.image.focal if source.image else None
    resolved = resolve(recipe.transform, header.format, focal=focal)
    return Work(source=source, header=header, asked=asked, recipe=recipe, resolved=resolved, owner=owner)


def choose_format(transform: Transform, accept: str, header: Header, fallback: Format) -> Transform:
    """Replace the format "auto" by the best that `accept` names."""
    extent = Extent(header.upright, header.frames)
    return negotiate(transform, accept, source=extent, fallback=fallback, limits=pool().settings.limits)


def plan(work: Work) -> dict[str, Any]:
    """Return what a render would do, sizes in px. Raises ImageTooLarge as the render would."""
    header, resolved = work.header, work.resolved
    frames = header.frames if work.format.is_animated else 1
    limits = pool().settings.limits
    operations = check_sizes(header.upright, resolved, work.format, frames, limits)
    sizes = _measured(operations, header.upright)
    steps = zip(operations, sizes[1:], strict=True)
    told = ("format", "frames", "orientation", "has_alpha")
    source = {name: getattr(header, name) for name in told}
    return sizes[-1] | {
        "frames": frames,
        "kind": resolved.kind(header.format),
        "source": source | header.upright._asdict() | {"sha256": work.source.sha256},
        "steps": [{"operation": {"op": step.name} | step.as_dict()} | size for step, size in steps],
        "output": resolved.output.as_dict(),
        "format": {"name": work.format.name, "media_type": work.format.media_type, "reason": _reason(work)},
        "cache_key": work.cache_key,
    }


def _measured(operations: tuple[Operation, ...], size: Size) -> list[dict[str, Any]]:
    """Return the size at the start and after each operation."""
    is_at_most = False
    sizes = [size._asdict() | {"is_at_most": is_at_most}]
    for operation in operations:
        size, is_at_most = measure(operation, size), is_at_most or operation.is_sized_by_pixels
        sizes.append(size._asdict() | {"is_at_most": is_at_most})
    return sizes


def _reason(work: Work) -> str:
    """Why the result has its format, as transform_schema.py explains."""
    asked, source = work.asked.output.format, FORMATS[work.header.format]
    if asked not in (None, "auto"):
        return "asked"
    own = source.written_as or source.name
    if work.is_negotiated and work.format.name != own:
        return "negotiated"
    return "source" if asked is None and source.can_write else "fallback"
