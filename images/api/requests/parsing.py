"""From a request to what services and delivery take. Whatever is wrong raises ParameterError."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from django.http import QueryDict
from rest_framework.request import Request

from accounts.access.authentication import SignedUrlAuthentication, account_of
from accounts.access.permissions import check_scope
from accounts.models import Scope
from images import services
from images.api.serializers.descriptions import DescriptionSerializer
from images.delivery.responses import Asked
from images.models import MAX_FILENAME, Image
from progimage.errors import (
    NotAuthenticated,
    NotFound,
    ParameterError,
    PermissionDenied,
    ProgImageError,
    UnprocessableImage,
)
from progimage.operations import escape_pointer
from progimage.signing import EXPIRES, PARAMETERS
from progimage.text_form import TRANSFORM, parse_text
from progimage.transform import Transform

_BLANK = " \t\r\n\ufeff"
"""What editors and shells leave around a transform that they read from a file."""


def find_image(request: Request, image_id: UUID) -> Image:
    """Whoever may not read sees what is public. Raises NotFound; for those, whether it is missing or private,
    NotAuthenticated or PermissionDenied."""
    refusal: ProgImageError | None = None
    try:
        check_scope(request, Scope.READ)
    except (NotAuthenticated, PermissionDenied) as error:
        refusal = error
    try:
        return services.find_image(image_id, account=None if refusal else account_of(request))
    except NotFound as error:
        raise refusal or error from None


def describe(values: QueryDict | dict[str, Any], *, filename: str = "") -> services.Description:
    """`filename` is what the form calls its file, held to the same rules as one that is given by itself."""
    values = values.copy()
    values.setdefault("filename", filename)
    serializer = DescriptionSerializer(data=values)
    serializer.is_valid(raise_exception=True)
    return services.Description(**serializer.validated_data)


def read_transform(value: object) -> Transform:
    """From a member or field `transform`: JSON, parsed or not, or operations in the ordered text form."""
    with pointed(f"/{TRANSFORM}".__add__):
        if not isinstance(value, str):
            return Transform.from_dict(value)
        text = value.strip(_BLANK)
        return Transform.from_json(text) if text.startswith(("{", "[")) else Transform(parse_text(text))


def read_id(value: object) -> UUID:
    """From a member `id`, as the API spells it, in either case: no number, no URN, no braces."""
    with suppress(ValueError):
        if isinstance(value, str) and str(image_id := UUID(value)) == value.lower():
            return image_id
    raise ParameterError(f"Expected the id of an image for id but received {value!r:.60}", pointer="/id")


def read_url(value: object) -> str:
    """From a member `url`. Whether it may be fetched shows when it is."""
    if not isinstance(value, str):
        raise ParameterError(f"Expected an address for url but received {value!r:.60}", pointer="/url")
    return value


@contextmanager
def pointed(at: Callable[[str], str]) -> Iterator[None]:
    """Let pointers of what is refused within say where it stands in the request."""
    try:
        yield
    except (ParameterError, UnprocessableImage) as error:
        # An image that nothing can be made of is not the transform's fault, and has no pointer.
        if error.pointer or isinstance(error, ParameterError):
            error.pointer = at(error.pointer)
        raise


def place_in_query(query: Mapping[str, str]) -> Callable[[str], str]:
    """Return what tells from a pointer into the transform where that stands in a query."""
    step = "" if TRANSFORM in query else "/operations/0"
    return lambda pointer: pointer.removeprefix(step).removeprefix("/output")


def refuse_unknown(names: Iterable[str], expected: str) -> None:
    """Raises ParameterError for the first of what is left."""
    for name in names:
        pointer = f"/{escape_pointer(name)}"
        raise ParameterError(f"Expected {expected} but received {name[:60]!r}", pointer=pointer)


def single(request: Request) -> dict[str, str]:
    """The query without its signature. Raises ParameterError where a name stands twice."""
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise ParameterError(
                f"Expected {name[:60]!r} once but received it again", pointer=f"/{escape_pointer(name)}"
            )
    signature = PARAMETERS if _is_signed(request) else ()
    query = {name: values[0] for name, values in request.query_params.lists() if name not in signature}
    return query | ({TRANSFORM: query[TRANSFORM].strip(_BLANK)} if TRANSFORM in query else {})


def take_asked(request: Request, query: dict[str, str]) -> Asked:
    """Move what does not belong to the transform out of `query`."""
    download = query.pop("download", None)
    if download is not None and (len(download) > MAX_FILENAME or not download.isprintable()):
        raise ParameterError(
            f"Expected at most {MAX_FILENAME} printable characters for download", pointer="/download"
        )
    return Asked(
        download=download,
        is_versioned=query.pop("v", None) is not None,
        expires_at=int(request.query_params[EXPIRES]) if _is_signed(request) else None,
    )


def take_flag(query: dict[str, str], name: str) -> bool:
    """Move a flag out of `query`; one that is not there is False."""
    text = query.pop(name, "false")
    if text not in ("true", "false"):
        raise ParameterError(
            f"Expected true or false for {name} but received {text[:60]!r}", pointer=f"/{name}"
        )
    return text == "true"


def _is_signed(request: Request) -> bool:
    return isinstance(request.successful_authenticator, SignedUrlAuthentication)
