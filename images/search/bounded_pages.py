"""One page of an account's images, newest first, in a time that does not grow with their number.

The order is that of `ready_id`, an image's place: when it became ready. No index serves every combination of
filters in that order. So a page is searched in bounded steps:

1. For every index that holds places in their order (all images, those of a format, of a tag ...), find the
   place at which its next thousand entries end. The index that reaches furthest back is the sparsest: search
   these entries.
2. If the page is still short and the index goes on far beyond, look for a filter by size or metadata that few
   images pass. If there is one, read all of these images.
3. Otherwise search more entries of the same index, as many as fit into 50 ms. The rest is left to the next
   page: this page is shorter than its limit, perhaps empty, and has a cursor that goes on."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from images.models import Image, Tag

from .selection import EXACT, Selection


class MaxEntries(NamedTuple):
    """How many entries of an index are read for one page, by the kind of the index."""

    of_all: int
    of_value: int
    of_tag: int


_STEP = 1_000
_FEW = 1_000
_MAX_ENTRIES = MaxEntries(of_all=10_000, of_value=2_500, of_tag=1_500)
"""As many entries as 50 ms allow. An index of tags has fewer: each of its images is looked up by itself."""


@dataclass(frozen=True)
class Page:
    """`next` is the place below which the list goes on. It is None at the end of the list."""

    images: list[Image]
    next: UUID | None


@dataclass(frozen=True)
class _Index:
    """An index that holds images' places in the list's order.

    An image is found if its entry passes `conditions`. For one page, at most `max_entries` are read."""

    entries: QuerySet[Any]
    conditions: Callable[[], Iterable[Any]]
    max_entries: int

    def find_end(self, start: UUID, since: UUID, count: int) -> UUID | None:
        """Return the place of the last of `count` entries below `start`, or None if there are fewer."""
        places = self._places(self.entries, start, since)
        last = count - 1
        return places[last:count].first()

    def find_places(self, start: UUID, end: UUID, limit: int) -> list[UUID]:
        conditions = self.conditions()
        entries = self.entries.filter(*conditions)
        places = self._places(entries, start, end)
        return list(places[:limit])

    def _places(self, rows: QuerySet[Any], start: UUID, end: UUID) -> QuerySet[Any, UUID]:
        """Return the places below `start` down to `end`, inclusive, newest first."""
        entries = rows.filter(ready_id__lt=start, ready_id__gte=end).order_by("-ready_id")
        return entries.values_list("ready_id", flat=True)


def find_page(selection: Selection, *, start: UUID, limit: int) -> Page:
    """Return the newest images of the selection with places below `start`: `limit` of them, or fewer."""
    start = min(start, selection.until)
    places, end = _find(selection, start, limit + 1)
    if len(places) > limit:
        places = places[:limit]
        end = places[-1]
    tag_names = Tag.objects.filter(image=OuterRef("pk")).values("name")
    images = selection.ready.filter(ready_id__in=places).select_related("replaced_by").order_by("-ready_id")
    images = images.annotate(tag_names=ArraySubquery(tag_names))  # type: ignore[no-redef]
    return Page(list(images), end)


def find_ids(selection: Selection, *, limit: int) -> list[UUID]:
    """Return the ids of the newest `limit` images of the selection, in as many bounded steps as it takes."""
    ids: list[UUID] = []
    start: UUID | None = selection.until
    while start is not None and len(ids) < limit:
        missing_count = limit - len(ids)
        places, start = _find(selection, start, missing_count)
        images = selection.ready.filter(ready_id__in=places).order_by("-ready_id")
        ids += images.values_list("pk", flat=True)
    return ids


def _find(selection: Selection, start: UUID, limit: int) -> tuple[list[UUID], UUID | None]:
    """Return places, newest first, and that down to which all images were searched: None for the very end."""
    since = selection.since
    index, end = _find_sparsest(selection, start)
    places = index.find_places(start, end or since, limit)
    if len(places) == limit or end is None:
        return places, end
    further_end = index.find_end(end, since, index.max_entries)
    if further_end is not None:
        few_places = _find_few(selection, start=end)
        if few_places is not None:
            all_places = places + few_places
            return all_places[:limit], None
    missing_count = limit - len(places)
    more_places = index.find_places(end, further_end or since, missing_count)
    return places + more_places, further_end


def _find_sparsest(selection: Selection, start: UUID) -> tuple[_Index, UUID | None]:
    """Return the index with the fewest entries below `start`, and the place at which its first step ends."""
    ends: list[tuple[UUID, _Index]] = []
    for index in _indexes(selection):
        end = index.find_end(start, selection.since, _STEP)
        if end is None:
            return index, None
        ends.append((end, index))
    furthest_end, sparsest = min(ends, key=itemgetter(0))
    return sparsest, furthest_end


def _indexes(selection: Selection) -> Iterator[_Index]:
    values = selection.values
    ready = selection.ready
    for name in EXACT:
        if name in values:
            rows = ready.filter(**{name: values[name]})
            yield _Index(rows, selection.conditions, _MAX_ENTRIES.of_value)
    for name in values.get("tag", ()):
        tags = Tag.objects.filter(account=selection.account, name=name)
        conditions = partial(_tag_conditions, selection, name)
        yield _Index(tags, conditions, _MAX_ENTRIES.of_tag)
    if values.keys().isdisjoint((*EXACT, "tag")):
        yield _Index(ready, selection.conditions, _MAX_ENTRIES.of_all)


def _tag_conditions(selection: Selection, tag: str) -> list[IsNull]:
    """Return the conditions on rows of `tag` that their images pass the selection's filters.

    Postgres must check the images one by one, in the order of the tags. So they are subqueries."""
    facts = selection.fact_conditions()
    images = selection.ready.filter(*facts, pk=OuterRef("image_id"))
    image_id = images.order_by().values("pk")[:1]
    passes_facts = IsNull(Subquery(image_id), False)
    other_tags = selection.tag_conditions(image_column="image_id", known_tag=tag)
    return [*other_tags, passes_facts]


def _find_few(selection: Selection, *, start: UUID) -> list[UUID] | None:
    """Return the places below `start`, newest first, or None if no filter is known to leave few images."""
    is_within = Q(ready_id__gte=selection.since, ready_id__lt=start)
    passes = ExpressionWrapper(
        Q(*selection.conditions()) & is_within,
        BooleanField(),
    )
    for rows in _rare_images(selection):
        marked_rows = rows.annotate(passes=passes)
        marked_places = list(marked_rows.values_list("ready_id", "passes")[: _FEW + 1])
        if len(marked_places) <= _FEW:
            passing_places = [place for place, passes in marked_places if passes and place]
            return sorted(passing_places, reverse=True)
    return None


def _rare_images(selection: Selection) -> Iterator[QuerySet[Image]]:
    """Yield the images that pass one filter, for each filter that may leave few images."""
    yield from selection.by_size()
    for rows in selection.by_metadata():
        if _estimate_count(rows) <= _FEW:
            yield rows


def _estimate_count(rows: QuerySet[Image]) -> int:
    """Return Postgres's estimate of the number of rows.

    The index of metadata cannot stop after the first rows, so a search by it is only tried if it is short."""
    plan = json.loads(rows.explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])
