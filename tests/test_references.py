"""References to images, as requests spell them: an id, an address, a part of the form."""

from pathlib import Path
from uuid import UUID

import pytest

from accounts.access.caller import Caller
from accounts.models import Account, ApiKey
from images.api.requests.references import ReferenceReader, read_stored
from images.receiving.uploads import Upload
from images.renditions.sources import ReceivedSource, RemoteSource, StoredSource
from progimage.errors import NotAuthenticated, ParameterError, PermissionDenied

IMAGE_ID = "01890000-0000-7000-8000-000000000000"
ADDRESS = "https://example.org/a.png"
LOGO = Upload(Path("logo"), size_bytes=1, sha256="0" * 64)


def reader_of(*scopes: str) -> ReferenceReader:
    """Return the reader of a caller whose key has these scopes, and whose form has a part `logo`."""
    key = ApiKey(account=Account(name="alice"), scopes=list(scopes))
    return ReferenceReader(Caller(key), {"logo": LOGO})


def test_part_of_the_form() -> None:
    assert reader_of("write")("part:logo") == ReceivedSource(LOGO)


def test_unknown_part_names_those_that_came() -> None:
    with pytest.raises(ParameterError, match=r"\(logo\).*'stamp'"):
        reader_of("read")("part:stamp")
    with pytest.raises(ParameterError, match="none came"):
        ReferenceReader(Caller(None))("part:logo")


def test_address_takes_the_scope_read() -> None:
    assert reader_of("read")(ADDRESS) == RemoteSource(ADDRESS)
    with pytest.raises(PermissionDenied):
        reader_of("write")(ADDRESS)
    with pytest.raises(NotAuthenticated):
        ReferenceReader(Caller(None))(ADDRESS)


def test_id_of_a_stored_image() -> None:
    """Its own permission is checked when the image is opened."""
    assert ReferenceReader(Caller(None))(IMAGE_ID) == StoredSource(UUID(IMAGE_ID))


@pytest.mark.parametrize("reference", [f"urn:uuid:{IMAGE_ID}", "sha256:" + "0" * 64])
def test_colon_is_refused(reference: str) -> None:
    with pytest.raises(ParameterError, match="Expected the id of an image"):
        read_stored(reference)
