"""By what an account's images are found, for the list and for whatever else takes a selection of images."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, JSONField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import DataContains
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual
from rest_framework import serializers

from accounts.models import Account
from images.api.serializers.fields import MetadataField, PlainText, WholeNumber
from images.api.serializers.images import StrictSerializer
from images.ids import least_id
from images.models import UPRIGHT_HEIGHT, UPRIGHT_WIDTH, Image, Tag, Visibility
from transforms.formats.table import FORMATS

from .cursors import PageSerializer

EXACT = ("format", "visibility", "sha256")
AXES: Mapping[str, Combinable] = {"bytes": F("size_bytes"), "width": UPRIGHT_WIDTH, "height": UPRIGHT_HEIGHT}
MAX_TAGS = 10
_NAMES = {extension: name for name, format in FORMATS.items() for extension in format.extensions}
_MOMENTS_ERRORS = ("date", "make_aware", "overflow")
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=(1 << 128) - 1)


def _choice(values: list[str], help_text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=values, required=False, help_text=help_text, error_messages=_choice_errors(values)
    )


def _choice_errors(values: Iterable[str]) -> dict[str, Any]:
    expected = f"Expected one of {', '.join(values)} but received"
    return {"invalid_choice": f"{expected} '{{input!s:.60}}'", "null": f"{expected} null"}


def _messages(expected: str, *names: str) -> dict[str, Any]:
    return dict.fromkeys((*names, "invalid", "null"), f"Expected {expected}")


class FormatField(serializers.ChoiceField):
    """One of the formats, by an extension, of which its name is one. The value is the name."""

    def __init__(self, formats: Iterable[str], help_text: str) -> None:
        extensions = [extension for name in formats for extension in FORMATS[name].extensions]
        errors = _choice_errors(extensions)
        super().__init__(choices=extensions, required=False, help_text=help_text, error_messages=errors)

    def to_internal_value(self, data: Any) -> str:
        return _NAMES[super().to_internal_value(data)]


class _Moment(serializers.DateTimeField):
    def __init__(self, help_text: str) -> None:
        messages = _messages("a time as ISO 8601 has it, such as 2026-01-31T12:00:00Z", *_MOMENTS_ERRORS)
        super().__init__(required=False, help_text=help_text, error_messages=messages)

    def to_internal_value(self, value: Any) -> Any:
        """In a query a + that is not percent-encoded has become a space."""
        time, _, offset = value.rpartition(" ") if isinstance(value, str) else ("", "", "")
        return super().to_internal_value(f"{time}+{offset}" if ":" in time else value)


class _Tags(serializers.ListField):
    child = PlainText(max_length=64)

    def to_internal_value(self, data: Any) -> list[str]:
        names: list[str] = super().to_internal_value([data] if isinstance(data, str) else data)
        return list(dict.fromkeys(names))


class FilterSerializer(StrictSerializer):
    """The filters; an image that is found passes all that are given."""

    repeatable: ClassVar = ("tag",)

    tag = _Tags(
        required=False,
        max_length=MAX_TAGS,
        help_text="A tag. Given several times: images that have all of them.",
        error_messages={
            "max_length": "Expected at most {max_length} tags",
            "not_a_list": "Expected tags but received {input_type}",
            "null": "Expected tags but received null",
        },
    )
    format = FormatField(list(FORMATS), "The original's format.")
    visibility = _choice(Visibility.values, "Who may see its pixels.")
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="SHA-256 of the original's bytes.",
        error_messages=_messages("64 digits of lower-case hexadecimal"),
    )
    min_bytes = WholeNumber(help_text="The original's size in bytes, at least.")
    max_bytes = WholeNumber(help_text="The original's size in bytes, at most.")
    min_width = WholeNumber(help_text="Width in px as it is shown, upright, at least.")
    max_width = WholeNumber(help_text="Width in px as it is shown, upright, at most.")
    min_height = WholeNumber(help_text="Height in px as it is shown, upright, at least.")
    max_height = WholeNumber(help_text="Height in px as it is shown, upright, at most.")
    created_after = _Moment("Created at this time or later. ISO 8601; UTC where it names no offset.")
    created_before = _Moment("Created before this time, exclusively.")
    metadata = MetadataField(
        required=False, help_text="An object that the image's metadata contain, as @> in Postgres."
    )


class ImagesPageSerializer(PageSerializer, FilterSerializer):
    """The filters, and which page of what passes them."""

    cursor_bytes = 16


@dataclass(frozen=True)
class Selection:
    """Images of `account` that pass the filters in `values`, which a FilterSerializer has checked."""

    account: Account
    values: Mapping[str, Any]

    @property
    def ready(self) -> QuerySet[Image]:
        """All images of the account, whether they pass or not."""
        return Image.objects.filter(account=self.account, state=Image.State.READY)

    @cached_property
    def since(self) -> UUID:
        """The least id by the dates: an image's id holds the time of its creation."""
        return least_id(self.values["created_after"]) if "created_after" in self.values else FIRST_ID

    @cached_property
    def until(self) -> UUID:
        """The bound above their ids by the dates."""
        return least_id(self.values["created_before"]) if "created_before" in self.values else LAST_ID

    def conditions(self) -> list[Any]:
        """All but the dates."""
        return [*self.facts(), *self.tagged()]

    def facts(self) -> list[Any]:
        """All but the dates and tags. None but EXACT can use an index: one that knows no order would be read
        whole where Postgres takes a common value for a rare one."""
        exact = [Q(**{name: self.values[name]}) for name in EXACT if name in self.values]
        sizes = [bound for axis, size in AXES.items() for bound in self._bounds(axis, size + 0)]
        return [*exact, *sizes, *self._contained(Coalesce("metadata", Value({}, JSONField())))]

    def tagged(self, *, image: str = "pk", known: str = "") -> list[IsNull]:
        """That the image with its id in that column has the tags, but one that is known to be there. A plain
        EXISTS would let Postgres turn the search round and begin with all images that have a tag."""
        tags = Tag.objects.filter(account=self.account, image=OuterRef(image)).order_by().values("pk")
        names = [name for name in self.values.get("tag", ()) if name != known]
        return [IsNull(Subquery(tags.filter(name=name)[:1]), False) for name in names]

    def by_size(self) -> Iterator[QuerySet[Image]]:
        """For each of AXES: what passes its bounds, in its order, by its index."""
        for axis, size in AXES.items():
            if bounds := self._bounds(axis, size):
                yield self.ready.filter(*bounds).order_by(size)

    def by_metadata(self) -> Iterator[QuerySet[Image]]:
        """What contains the metadata, by their index."""
        if contained := self._contained(F("metadata")):
            yield self.ready.filter(*contained).order_by()

    def _bounds(self, axis: str, size: Combinable) -> list[Any]:
        limits = ((f"min_{axis}", GreaterThanOrEqual), (f"max_{axis}", LessThanOrEqual))
        return [compare(size, self.values[name]) for name, compare in limits if name in self.values]

    def _contained(self, metadata: Combinable) -> list[DataContains]:
        wanted = self.values.get("metadata")
        return [DataContains(metadata, Value(wanted, JSONField()))] if wanted else []
