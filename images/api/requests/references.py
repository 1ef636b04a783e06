"""References to images, as requests spell them, read into sources."""

from collections.abc import Mapping
from uuid import UUID

from accounts.access.caller import Caller
from accounts.models import Scope
from images.receiving.uploads import Upload
from images.renditions.other_images import ReadReference
from images.renditions.sources import ReceivedSource, RemoteSource, Source, StoredSource
from progimage.errors import ParameterError


def reference_reader(caller: Caller, parts: Mapping[str, Upload] | None = None) -> ReadReference:
    """Return a reader of references: an id, an address, or a part of the request's form.

    Addresses take the scope `read`: for a stranger this server fetches nothing."""
    own_parts = parts or {}

    def read_reference(reference: str) -> Source:
        if reference.startswith("part:"):
            return ReceivedSource(_find_part(reference.removeprefix("part:"), own_parts))
        if "://" in reference:
            caller.check_scope(Scope.READ)
            return RemoteSource(reference)
        return read_stored(reference)

    return read_reference


def read_stored(reference: str) -> StoredSource:
    """Return the stored image that a reference names. Raise ParameterError if it is no id."""
    if ":" in reference:
        raise ParameterError(f"Expected the id of an image but received {reference[:60]!r}")
    return StoredSource(UUID(reference))


def _find_part(name: str, parts: Mapping[str, Upload]) -> Upload:
    if name in parts:
        return parts[name]
    names = ", ".join(parts) or "none came"
    raise ParameterError(f"Expected a part of the form ({names}) but received {name!r}")
