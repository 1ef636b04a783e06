"""The images that a request names: stored ones that its caller may see, at an address, parts of its form."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from rest_framework.request import Request

from accounts.access.authentication import account_of
from accounts.access.permissions import check_scope
from accounts.models import Scope
from images.receiving.uploads import Upload
from images.remote.download import download
from images.renditions.sources import Source, received, stored
from progimage.errors import ParameterError

from .parsing import find_image

MAX_FETCHED = 4
"""Others of one transform. Each may take the whole time of a fetch, while a thread waits."""


@contextmanager
def finding(request: Request, parts: Mapping[str, Upload] | None = None) -> Iterator["Finder"]:
    """What was fetched is there as long as the context lasts."""
    with ExitStack() as files:
        yield Finder(request, parts or {}, files)


@dataclass
class Finder:
    request: Request
    parts: Mapping[str, Upload]
    files: ExitStack
    fetched: int = 0

    def find_source(self, named: Upload | str | UUID) -> Source:
        """From what arrived, an address or an id. Raises NotFound, or what fetching raises."""
        if isinstance(named, Upload):
            return received(named)
        return self._fetch(named) if isinstance(named, str) else stored(find_image(self.request, named))

    def find_other(self, reference: str) -> Source:
        """From a reference as an operation has it. Raises ParameterError too."""
        if reference.startswith("part:"):
            return self._take_part(reference.removeprefix("part:"))
        if "://" not in reference:
            return find_stored(self.request, reference)
        self.fetched += 1
        if self.fetched > MAX_FETCHED:
            raise ParameterError(f"Expected at most {MAX_FETCHED} addresses in a transform")
        return self._fetch(reference)

    def _take_part(self, name: str) -> Source:
        if name in self.parts:
            return received(self.parts[name])
        known = ", ".join(self.parts) or "none came"
        raise ParameterError(f"Expected a part of the form ({known}) but received {name!r}")

    def _fetch(self, url: str) -> Source:
        check_scope(self.request, Scope.READ)
        return received(self.files.enter_context(download(url, account=account_of(self.request))))


def find_stored(request: Request, reference: str) -> Source:
    """Raises ParameterError for a reference that is no id, and what `find_image` raises."""
    if ":" in reference:
        raise ParameterError(f"Expected the id of an image but received {reference[:60]!r}")
    return stored(find_image(request, UUID(reference)))
