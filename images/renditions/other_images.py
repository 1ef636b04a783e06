"""The other images that operations name: found for whoever asks, and named by their bytes from then on.

So a cache key says which pixels were meant, and a reference that a caller writes is never taken for one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from progimage.errors import NotFound, ParameterError
from progimage.operations import Operation
from progimage.transform import Transform

from .sources import Recipe, Source

Find = Callable[[str], Source]
"""From a reference as a caller writes it. Raises ParameterError, NotFound, or what fetching raises."""


def references(transform: Transform) -> list[str]:
    return [getattr(step, name) for step in transform.operations for name in _named(step)]


def find_others(transform: Transform, find: Find) -> Recipe:
    """Return the transform with "sha256:<hex>" for every other image, and what these stand for.

    Raises what `find` raises, with a pointer to the parameter."""
    found: dict[str, Source] = {}
    steps = tuple(
        _find(step, f"/operations/{index}", find, found) for index, step in enumerate(transform.operations)
    )
    others = {source.reference: source for source in found.values()}
    return Recipe(Transform(steps, transform.output), others)


def spell_others(transform: Transform, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the transform's JSON with ids for the references that `ids` has, and null for others: a hash
    would tell of bytes that whoever reads it may not know."""
    spelled = transform.as_dict()
    for step, members in zip(transform.operations, spelled["operations"], strict=True):
        members |= {name: ids.get(getattr(step, name)) for name in _named(step)}
    return spelled


def _find(step: Operation, pointer: str, find: Find, found: dict[str, Source]) -> Operation:
    changed = {}
    for name in _named(step):
        reference = getattr(step, name)
        try:
            source = found.get(reference) or find(reference)
        except ParameterError as error:
            error.pointer = f"{pointer}/{name}"
            raise
        except NotFound as error:
            raise NotFound(f"There is no image with the id in {step.name}.{name}") from error
        found[reference] = source
        changed[name] = source.reference
    return replace(step, **changed) if changed else step


def _named(step: Operation) -> list[str]:
    """Return the parameters that name an image, those that are not given left out."""
    parameters = step.parameters().items()
    return [name for name, parameter in parameters if parameter.type == "image" and getattr(step, name)]
