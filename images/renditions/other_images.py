"""The other images that a transform's operations name.

They are opened for the caller, and named by their bytes from then on. So a cache key says which pixels were
meant, and a caller cannot spell a reference that the server has made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.access.caller import Caller
from progimage.errors import NotFound, ParameterError, ProgImageError
from progimage.operations import Operation
from progimage.transform import Transform

from .sources import OpenSource, Recipe, Source

MAX_DOWNLOADS = 4
"""Downloads for one transform. Each may take the whole time of a download, while a thread waits."""

ReadReference = Callable[[str], Source]
"""Return the source that a reference names, as the caller spells it. Raise ParameterError."""


@contextmanager
def open_others(transform: Transform, read_reference: ReadReference, caller: Caller) -> Iterator[Recipe]:
    """Open the other images of a transform, and yield it with "sha256:<hex>" for each of them.

    Raise ParameterError, NotFound and the errors of downloads, each with a pointer to the parameter."""
    with ExitStack() as files:
        opener = _Opener(read_reference, caller, files)
        operations = tuple(
            opener.resolve(operation, f"/operations/{index}")
            for index, operation in enumerate(transform.operations)
        )
        others = {source.reference: source for source in opener.opened.values()}
        yield Recipe(Transform(operations, transform.output), others)


def with_ids(transform: Transform, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON of a resolved transform with ids for its references, and null for those without.

    A hash would tell of bytes that the reader may not know."""
    document = transform.as_dict()
    for operation, members in zip(transform.operations, document["operations"], strict=True):
        for name in operation.image_parameters():
            members[name] = ids.get(getattr(operation, name))
    return document


@dataclass
class _Opener:
    """Opens each other image once. `opened` has them by the caller's references."""

    read_reference: ReadReference
    caller: Caller
    files: ExitStack
    opened: dict[str, OpenSource] = field(default_factory=dict)
    downloads: int = 0

    def resolve(self, operation: Operation, pointer: str) -> Operation:
        """Return the operation with references of the server's own."""
        changes = {}
        for name in operation.image_parameters():
            reference = getattr(operation, name)
            try:
                source = self.opened.get(reference) or self._open(reference)
            except NotFound as error:
                raise NotFound(
                    f"There is no image with the id in {operation.name}.{name}", pointer=f"{pointer}/{name}"
                ) from error
            except ProgImageError as error:
                error.pointer = f"{pointer}/{name}"
                raise
            self.opened[reference] = source
            changes[name] = source.reference
        return replace(operation, **changes) if changes else operation

    def _open(self, reference: str) -> OpenSource:
        source = self.read_reference(reference)
        self.downloads += source.is_remote
        if self.downloads > MAX_DOWNLOADS:
            raise ParameterError(f"Expected at most {MAX_DOWNLOADS} addresses in a transform")
        return self.files.enter_context(source.open(self.caller))
