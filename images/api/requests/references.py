"""References to images, as requests spell them, read into sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from accounts.access.caller import Caller
from accounts.models import Scope
from images.receiving.uploads import Upload
from images.renditions.sources import ReceivedSource, RemoteSource, Source, StoredSource
from progimage.errors import ParameterError
from progimage.wording import show_value, suggest


@dataclass(frozen=True)
class ReferenceReader:
    """Reads references: an id, an address, or a part of the request's form.

    Addresses take the scope `read`: for a stranger this server downloads nothing."""

    caller: Caller
    parts: Mapping[str, Upload] = field(default_factory=dict)

    def __call__(self, reference: str) -> Source:
        if reference.startswith("part:"):
            return ReceivedSource(self._find_part(reference.removeprefix("part:")))
        if "://" in reference:
            self.caller.check_scope(Scope.READ)
            return RemoteSource(reference)
        return read_stored(reference)

    def _find_part(self, name: str) -> Upload:
        if name in self.parts:
            return self.parts[name]
        names = ", ".join(self.parts) or "none came"
        suggestion = suggest(name, self.parts)
        raise ParameterError(
            f"Expected a part of the form ({names}) but received {show_value(name)}{suggestion}"
        )


def read_stored(reference: str) -> StoredSource:
    """Return the stored image that a reference names. Raise ParameterError if it is no id."""
    if ":" in reference:
        raise ParameterError(f"Expected the id of an image but received {reference[:60]!r}")
    return StoredSource(UUID(reference))
