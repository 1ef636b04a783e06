"""Requests that read or change rows: lists of images and renditions, a change, a deletion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from images.api.serializers.descriptions import ChangeSerializer
from images.api.serializers.renditions import LedgerPageSerializer
from images.api.serializers.selection import ImagesPageSerializer
from images.search.selection import LAST_PLACE

from .bodies import read_object, unread
from .precondition import Precondition
from .query import Query, check_names, read_flag, refuse_unknown


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """GET /images: the filters, and the page below the id `start`."""

    filters: Mapping[str, Any]
    start: UUID
    limit: int

    @classmethod
    def read(cls, request: Request) -> "ListRequest":
        serializer = ImagesPageSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        cursor = values["cursor"]
        return cls(
            filters={name: value for name, value in values.items() if name not in ("limit", "cursor")},
            start=UUID(bytes=cursor) if cursor else LAST_PLACE,
            limit=values["limit"],
        )


@dataclass(frozen=True, kw_only=True)
class RenditionsRequest:
    """GET /images/<uuid>/renditions: the page behind a cursor."""

    limit: int
    cursor: bytes

    @classmethod
    def read(cls, request: Request) -> "RenditionsRequest":
        serializer = LedgerPageSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        return cls(**serializer.validated_data)


@dataclass(frozen=True, kw_only=True)
class ChangeRequest:
    """PATCH /images/<uuid>: the members to change, with their checked values."""

    changes: Mapping[str, Any]
    precondition: Precondition

    @classmethod
    def read(cls, request: Request) -> "ChangeRequest":
        refuse_unknown(request.query_params, "no query")
        serializer = ChangeSerializer(data=read_object(unread(request)), partial=True)
        serializer.is_valid(raise_exception=True)
        return cls(changes=serializer.validated_data, precondition=Precondition.read(request))


@dataclass(frozen=True, kw_only=True)
class DeletionRequest:
    """DELETE /images/<uuid>: whether its bytes go at once."""

    purge: bool
    precondition: Precondition

    @classmethod
    def read(cls, request: Request) -> "DeletionRequest":
        query = Query.read(request)
        purge = read_flag(query.parameters, "purge")
        check_names(query.parameters, ("purge",))
        return cls(purge=purge, precondition=Precondition.read(request))
