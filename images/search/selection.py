"""Filters over an account's images, as conditions in SQL.

The list uses them, and every other endpoint that takes a selection of images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F, JSONField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import DataContains
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual

from accounts.models import Account
from images.ids import least_id
from images.models import UPRIGHT_HEIGHT, UPRIGHT_WIDTH, Image, Tag

EXACT = ("format", "visibility", "sha256")
"""Filters for one value of a column."""
AXES: Mapping[str, Combinable] = {
    "bytes": F("size_bytes"),
    "width": UPRIGHT_WIDTH,
    "height": UPRIGHT_HEIGHT,
}
"""Filters for ranges, `min_` and `max_` before the name, with the sizes that they compare."""
FIRST_PLACE = UUID(int=0)
LAST_PLACE = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True)
class Selection:
    """Images of `account` that pass all filters in `values`.

    `values` are by name as the API's FilterSerializer returns them. A filter that is not given is missing."""

    account: Account
    values: Mapping[str, Any]

    @property
    def ready(self) -> QuerySet[Image]:
        """All images of the account that are ready, also those that do not pass the filters."""
        own = Image.objects.filter(account=self.account)
        return own.filter(state=Image.State.READY)

    @cached_property
    def since(self) -> UUID:
        """The least place that the dates allow. An image's place is its `ready_id`, which holds that time."""
        if "created_after" not in self.values:
            return FIRST_PLACE
        return least_id(self.values["created_after"])

    @cached_property
    def until(self) -> UUID:
        """The bound above all places that the dates allow."""
        if "created_before" not in self.values:
            return LAST_PLACE
        return least_id(self.values["created_before"])

    def conditions(self) -> list[Any]:
        """Return the conditions of all filters except the dates."""
        return [*self.fact_conditions(), *self.tag_conditions()]

    def fact_conditions(self) -> list[Any]:
        """Return the conditions of all filters except dates and tags.

        Only those of EXACT can use an index. The indexes of sizes and metadata are not in the list's order.
        Postgres would read such an index as a whole if it took a common value for a rare one."""
        exact_names = [name for name in EXACT if name in self.values]
        conditions: list[Any] = [Q(**{name: self.values[name]}) for name in exact_names]
        # The expressions for sizes and metadata are written so that no index matches them.
        for axis, size in AXES.items():
            conditions += self._bounds(axis, size + 0)
        metadata = Coalesce("metadata", Value({}, JSONField()))
        conditions += self._contained(metadata)
        return conditions

    def tag_conditions(self, *, image_column: str = "pk", known_tag: str = "") -> list[IsNull]:
        """Return the conditions that the image whose id is in `image_column` has every tag but `known_tag`.

        They are no plain EXISTS: Postgres could then begin the search with all images that have a tag."""
        rows = Tag.objects.filter(account=self.account, image=OuterRef(image_column))
        tag_ids = rows.order_by().values("pk")
        conditions: list[IsNull] = []
        for name in self.values.get("tag", ()):
            if name != known_tag:
                tag_id = tag_ids.filter(name=name)[:1]
                conditions.append(IsNull(Subquery(tag_id), False))
        return conditions

    def by_size(self) -> Iterator[QuerySet[Image]]:
        """Yield, for each axis that has a filter, the images within its bounds, in the order of its index."""
        for axis, size in AXES.items():
            bounds = self._bounds(axis, size)
            if bounds:
                yield self.ready.filter(*bounds).order_by(size)

    def by_metadata(self) -> Iterator[QuerySet[Image]]:
        """Yield the images whose metadata contain the filter's, by their index, if there is such a filter."""
        contained = self._contained(F("metadata"))
        if contained:
            yield self.ready.filter(*contained).order_by()

    def _bounds(self, axis: str, size: Combinable) -> list[Any]:
        bounds: list[Any] = []
        minimum = self.values.get(f"min_{axis}")
        if minimum is not None:
            bounds.append(GreaterThanOrEqual(size, minimum))
        maximum = self.values.get(f"max_{axis}")
        if maximum is not None:
            bounds.append(LessThanOrEqual(size, maximum))
        return bounds

    def _contained(self, metadata: Combinable) -> list[DataContains]:
        members = self.values.get("metadata")
        if not members:
            return []
        value = Value(members, JSONField())
        return [DataContains(metadata, value)]
