"""By what an account's images are found, for the list and for whatever else takes a selection of images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, JSONField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import DataContains
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.http import QueryDict
from rest_framework import serializers

from accounts.models import Account
from transforms.formats import FORMATS

from .cursors import DEFAULT_PAGE, MAX_PAGE, parse_cursor
from .ids import least_id
from .models import UPRIGHT_HEIGHT, UPRIGHT_WIDTH, Image, Tag, Visibility
from .serializers import MetadataField, PlainText, StrictSerializer

EXACT = ("format", "visibility", "sha256")
AXES: Mapping[str, Combinable] = {"bytes": F("size_bytes"), "width": UPRIGHT_WIDTH, "height": UPRIGHT_HEIGHT}
MAX_TAGS = 10
_NUMBERS_ERRORS = ("min_value", "max_value", "max_string_length")
_MOMENTS_ERRORS = ("date", "make_aware", "overflow")
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=(1 << 128) - 1)


def _choice(values: list[str], help_text: str) -> serializers.ChoiceField:
    wrong = f"Expected one of {', '.join(values)} but received '{{input!s:.60}}'"
    return serializers.ChoiceField(
        choices=values, required=False, help_text=help_text, error_messages={"invalid_choice": wrong}
    )


def _messages(expected: str, *names: str) -> dict[str, Any]:
    return dict.fromkeys((*names, "invalid", "null"), f"Expected {expected}")


class _Number(serializers.IntegerField):
    def __init__(self, help_text: str, *, least: int = 0, most: int = (1 << 63) - 1, **options: Any) -> None:
        messages = _messages(f"a whole number of {least} to {most}", *_NUMBERS_ERRORS)
        options |= {"required": False, "help_text": help_text, "error_messages": messages}
        super().__init__(min_value=least, max_value=most, **options)

    def to_internal_value(self, data: Any) -> int:
        is_digits = isinstance(data, str) and data.isascii() and data.isdigit()
        if not is_digits and type(data) is not int:
            self.fail("invalid")  # Django REST framework would take 1.0 and other alphabets
        return int(super().to_internal_value(data))


class _Moment(serializers.DateTimeField):
    def __init__(self, help_text: str) -> None:
        messages = _messages("a time as ISO 8601 has it, such as 2026-01-31T12:00:00Z", *_MOMENTS_ERRORS)
        super().__init__(required=False, help_text=help_text, error_messages=messages)


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
        error_messages={"max_length": "Expected at most {max_length} tags"},
    )
    format = _choice(list(FORMATS), "The original's format.")
    visibility = _choice(Visibility.values, "Who may see its pixels.")
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="SHA-256 of the original's bytes.",
        error_messages={"invalid": "Expected 64 digits of lower-case hexadecimal"},
    )
    min_bytes = _Number("The original's size in bytes, at least.")
    max_bytes = _Number("The original's size in bytes, at most.")
    min_width = _Number("Width in px as it is shown, upright, at least.")
    max_width = _Number("Width in px as it is shown, upright, at most.")
    min_height = _Number("Height in px as it is shown, upright, at least.")
    max_height = _Number("Height in px as it is shown, upright, at most.")
    created_after = _Moment("Created at this time or later. ISO 8601; UTC where it names no offset.")
    created_before = _Moment("Created before this time, exclusively.")
    metadata = MetadataField(
        required=False, help_text="An object that the image's metadata contain, as @> in Postgres."
    )

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        for name, values in data.lists() if isinstance(data, QueryDict) else ():
            if "" in values:  # Django REST framework takes it for one that is not given
                raise serializers.ValidationError({name[:60]: f"Expected a value for {name[:60]}"})
        return super().to_internal_value(data)


class PageSerializer(FilterSerializer):
    """The filters, and which page of what passes them."""

    limit = _Number("Images on a page, at most.", least=1, most=MAX_PAGE, default=DEFAULT_PAGE)
    cursor = PlainText(default="", help_text="Where an earlier page ended: its `next`.")

    def validate_cursor(self, text: str) -> UUID:
        return UUID(bytes=parse_cursor(text, 16)) if text else LAST_ID


@dataclass(frozen=True)
class Selection:
    """Images of `account` that pass the filters in `values`, which a FilterSerializer has checked."""

    account: Account
    values: Mapping[str, Any]

    @property
    def ready(self) -> QuerySet[Image]:
        return Image.objects.filter(account=self.account, state=Image.State.READY)

    @property
    def images(self) -> QuerySet[Image]:
        """All of them, newest first."""
        return self.ready.filter(pk__gte=self.since, pk__lt=self.until).filter(*self.conditions())

    @cached_property
    def since(self) -> UUID:
        """The least id by the dates: an image's id holds the time of its creation."""
        return least_id(self.values["created_after"]) if "created_after" in self.values else FIRST_ID

    @cached_property
    def until(self) -> UUID:
        """The bound above their ids by the dates."""
        return least_id(self.values["created_before"]) if "created_before" in self.values else LAST_ID

    def conditions(self, *, known_tag: str = "") -> list[Any]:
        """All but the dates, and but one tag that is known to be there. None but EXACT can use an index: an
        index that knows no order would be read whole where Postgres takes a common value for a rare one."""
        exact = [Q(**{name: self.values[name]}) for name in EXACT if name in self.values]
        tags = [_has_tag(self.account, name) for name in self.values.get("tag", ()) if name != known_tag]
        sizes = [bound for axis, size in AXES.items() for bound in self._bounds(axis, size + 0)]
        return [*exact, *tags, *sizes, *self._contained(Coalesce("metadata", Value({}, JSONField())))]

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


def _has_tag(account: Account, name: str) -> IsNull:
    """A plain EXISTS would let Postgres turn the search round and begin with all images that have the tag."""
    tags = Tag.objects.filter(account=account, name=name, image=OuterRef("pk"))
    return IsNull(Subquery(tags.order_by().values("pk")[:1]), False)
