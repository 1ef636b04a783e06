"""One page of an account's images, newest first, in a time that does not grow with their number.

No index serves every combination of filters in the list's order. So a page is looked for in bounded steps:

1. Every index that holds ids in their order (all images, those of a format, of a tag ...) is asked where its
   next thousand entries end. The one that reaches furthest back is the sparsest: its entries are looked at.
2. If that was not enough, and far from all: a filter by size or metadata that few pass gives them all.
3. Otherwise more entries of the same index are looked at, so many as 50 ms allow. What has not been found by
   then is left to the next page: this one is shorter than asked for, perhaps empty, and says how to go on."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from images.models import Image, Tag

from .selection import EXACT, Selection

_STEP = 1_000
_FEW = 1_000
_MOST = (10_000, 2_500, 1_500)
"""Entries for one page: of all images, of those with something in common, of tags, whose images are to be
found one by one."""


@dataclass(frozen=True)
class Page:
    """`next` is the id below which the list goes on; None at its end."""

    images: list[Image]
    next: UUID | None


@dataclass(frozen=True)
class _Order:
    """An index that holds images' ids in their order, in the column `id`. Those of its `entries` are wanted
    that pass `conditions`. `most` of them are looked at for one page."""

    entries: QuerySet[Any]
    conditions: Callable[[], Iterable[Any]]
    most: int
    id: str = "pk"

    def reach(self, start: UUID, since: UUID, count: int) -> UUID | None:
        """Return the id of the last of `count` entries below `start`; None if there are not so many."""
        return self._ids(self.entries, start, since)[count - 1 : count].first()

    def find(self, start: UUID, end: UUID, limit: int) -> list[UUID]:
        return list(self._ids(self.entries.filter(*self.conditions()), start, end)[:limit])

    def _ids(self, rows: QuerySet[Any], start: UUID, end: UUID) -> QuerySet[Any, UUID]:
        stretch = rows.filter(**{f"{self.id}__lt": start, f"{self.id}__gte": end})
        return stretch.order_by(f"-{self.id}").values_list(self.id, flat=True)


def page(selection: Selection, *, start: UUID, limit: int) -> Page:
    """Return the newest of the selection whose ids are below `start`: `limit` of them, or fewer."""
    found, end = _find(selection, min(start, selection.until), limit + 1)
    if len(found) > limit:
        found, end = found[:limit], found[limit - 1]
    tags = Tag.objects.filter(image=OuterRef("pk")).values("name")
    images = selection.ready.filter(pk__in=found).select_related("replaced_by")
    return Page(list(images.annotate(tag_names=ArraySubquery(tags))), end)  # type: ignore[no-redef]


def find_ids(selection: Selection, *, limit: int) -> list[UUID]:
    """Return the ids of the newest `limit` of the selection: in many bounded steps where there are few."""
    found: list[UUID] = []
    start: UUID | None = selection.until
    while start is not None and len(found) < limit:
        more, start = _find(selection, start, limit - len(found))
        found += more
    return found


def _find(selection: Selection, start: UUID, limit: int) -> tuple[list[UUID], UUID | None]:
    """Return ids, newest first, and the id down to which all has been looked at: None for all there is."""
    since = selection.since
    order, end = _sparsest(selection, start)
    found = order.find(start, end or since, limit)
    if len(found) == limit or end is None:
        return found, end
    further = order.reach(end, since, order.most)
    rest = None if further is None else _find_few(selection, start=end)
    if rest is not None:
        return (found + rest)[:limit], None
    return found + order.find(end, further or since, limit - len(found)), further


def _sparsest(selection: Selection, start: UUID) -> tuple[_Order, UUID | None]:
    """Return the order with the fewest entries below `start`, and where its first step ends."""
    ends: list[tuple[UUID, _Order]] = []
    for order in _orders(selection):
        end = order.reach(start, selection.since, _STEP)
        if end is None:
            return order, None
        ends.append((end, order))
    end, order = min(ends, key=itemgetter(0))
    return order, end


def _orders(selection: Selection) -> Iterator[_Order]:
    values, ready, conditions = selection.values, selection.ready, selection.conditions
    of_all, with_one, of_tags = _MOST
    for name in EXACT:
        if name in values:
            yield _Order(ready.filter(**{name: values[name]}), conditions, with_one)
    for name in values.get("tag", ()):
        tags = Tag.objects.filter(account=selection.account, name=name)
        yield _Order(tags, partial(_are_of, selection, name), of_tags, "image_id")
    if values.keys().isdisjoint((*EXACT, "tag")):
        yield _Order(ready, conditions, of_all)


def _are_of(selection: Selection, tag: str) -> list[IsNull]:
    """That tags are of images which are wanted: asked one by one, in the order of the tags."""
    image = selection.ready.filter(*selection.facts(), pk=OuterRef("image_id")).order_by().values("pk")
    return [*selection.tagged(image="image_id", known=tag), IsNull(Subquery(image[:1]), False)]


def _find_few(selection: Selection, *, start: UUID) -> list[UUID] | None:
    """Return the ids below `start`, newest first, where one of the filters is known to leave few images."""
    rare = (rows for rows in selection.by_metadata() if _expect(rows) <= _FEW)
    is_wanted = Q(*selection.conditions(), pk__gte=selection.since, pk__lt=start)
    for rows in (*selection.by_size(), *rare):
        marked = rows.annotate(is_wanted=ExpressionWrapper(is_wanted, BooleanField()))
        few = list(marked.values_list("pk", "is_wanted")[: _FEW + 1])
        if len(few) <= _FEW:
            return sorted((image_id for image_id, is_wanted in few if is_wanted), reverse=True)
    return None


def _expect(rows: QuerySet[Image]) -> int:
    """Return Postgres's estimate: the index of metadata reads all that it finds, so that is asked before."""
    return int(json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"])
