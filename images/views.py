"""Parse, call one service, answer."""

from collections.abc import Iterable
from uuid import UUID

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import account_of
from accounts.permissions import HasScopeOrNoKey
from progimage.errors import NotAuthenticated, NotFound, ParameterError, UnsupportedFormat
from progimage.operations import Output, Transform, escape_pointer, parse_query
from transforms.formats import ACCEPTED_MEDIA_TYPES, FORMATS, WRITABLE, Format, format_by_extension

from . import schema, services
from .delivery import Asked, deliver_original, deliver_rendition
from .models import Image
from .serializers import DescriptionSerializer, ImageSerializer
from .uploads import check_body, receive_form, receive_raw

_FORM = "multipart/form-data"
_MAX_NAME = 255


class ImagesView(APIView):
    """The collection of an account's images."""

    parser_classes = (MultiPartParser,)

    @extend_schema(**schema.UPLOAD)
    def post(self, request: Request) -> Response:
        """Store an image. Its format is what its bytes are, never what a name or a header says."""
        check_body(request)
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        if media_type == _FORM:
            image = self._store_form(request)
        elif media_type.startswith("image/"):
            image = self._store_raw(request)
        else:
            raise UnsupportedFormat(
                f"Expected {_FORM} or one of {', '.join(ACCEPTED_MEDIA_TYPES)} "
                f"but received {media_type[:60]!r}"
            )
        body = ImageSerializer(image).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": body["urls"]["original"]})

    def _store_form(self, request: Request) -> Image:
        _refuse_unknown(request.query_params, "fields of the form and no query")
        with receive_form(request) as upload:
            description = _describe(request.POST, filename=upload.filename)
            return services.store(upload, account=account_of(request), description=description)

    def _store_raw(self, request: Request) -> Image:
        description = _describe(request.query_params)
        with receive_raw(request) as upload:
            return services.store(upload, account=account_of(request), description=description)


class OriginalView(APIView):
    permission_classes = (HasScopeOrNoKey,)

    @extend_schema(**schema.ORIGINAL)
    def get(self, request: Request, image_id: UUID) -> HttpResponseBase:
        """Return the original's exact bytes."""
        query = _single(request)
        asked = _take_asked(query)
        _refuse_unknown(query, "download or v for an original")
        return deliver_original(request, _find(request, image_id), asked)


class MetadataView(APIView):
    @extend_schema(**schema.METADATA)
    def get(self, request: Request, image_id: UUID) -> Response:
        """Return what is known of an image: to its own account alone, also where its pixels are public."""
        _refuse_unknown(request.query_params, "no query")
        image = services.find_own_image(image_id, account=account_of(request))
        return Response(ImageSerializer(image).data, headers={"Cache-Control": "private, no-cache"})


class RenditionView(APIView):
    permission_classes = (HasScopeOrNoKey,)

    @extend_schema(**schema.RENDITION)
    def get(self, request: Request, image_id: UUID, extension: str) -> HttpResponseBase:
        """Return the image in the format that the extension names, transformed as the query says."""
        format = _find_format(extension)
        query = _single(request)
        asked = _take_asked(query)
        transform = _as_format(parse_query(query.items()), format)
        return deliver_rendition(request, _find(request, image_id), transform, asked)


def _find(request: Request, image_id: UUID) -> Image:
    """Raises NotFound; without a key NotAuthenticated, whether the image is missing or private."""
    account = account_of(request) if request.auth else None
    try:
        return services.find_image(image_id, account=account)
    except NotFound:
        if account is None:
            raise NotAuthenticated("Expected an API key: Authorization: Bearer <prefix>.<secret>") from None
        raise


def _find_format(extension: str) -> Format:
    format = format_by_extension(extension)
    if format is not None and format.can_write:
        return format
    known = ", ".join(known for name in WRITABLE for known in FORMATS[name].extensions)
    raise UnsupportedFormat(f"Expected one of {known}, json as extension but received {extension[:20]!r}")


def _as_format(transform: Transform, format: Format) -> Transform:
    if transform.output.format not in (None, format.name):
        raise ParameterError(
            f"Expected no format beside the extension, which says {format.name}, "
            f"but received {transform.output.format!r}",
            pointer="/format",
        )
    output = Output.from_dict(transform.output.as_dict() | {"format": format.name})
    return Transform(transform.operations, output)


def _describe(values: QueryDict, *, filename: str = "") -> services.Description:
    """`filename` is what the form calls its file, held to the same rules as one that is given by itself."""
    values = values.copy()
    values.setdefault("filename", filename)
    serializer = DescriptionSerializer(data=values)
    serializer.is_valid(raise_exception=True)
    return services.Description(**serializer.validated_data)


def _refuse_unknown(names: Iterable[str], expected: str) -> None:
    """Raises ParameterError for the first of what is left."""
    for name in names:
        pointer = f"/{escape_pointer(name)}"
        raise ParameterError(f"Expected {expected} but received {name[:60]!r}", pointer=pointer)


def _single(request: Request) -> dict[str, str]:
    """The query, in which no name may stand twice. Raises ParameterError."""
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise ParameterError(
                f"Expected {name[:60]!r} once but received it again", pointer=f"/{escape_pointer(name)}"
            )
    return {name: values[0] for name, values in request.query_params.lists()}


def _take_asked(query: dict[str, str]) -> Asked:
    download = query.pop("download", None)
    if download is not None and (len(download) > _MAX_NAME or not download.isprintable()):
        raise ParameterError(
            f"Expected at most {_MAX_NAME} printable characters for download", pointer="/download"
        )
    return Asked(download=download, is_versioned=query.pop("v", None) is not None)
