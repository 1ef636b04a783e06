"""One page of an account's images, newest first, in a time that does not grow with their number.

No index serves every combination of filters in the list's order. So a page is searched in bounded steps:

1. For every index that holds ids in their order (all images, those of a format, of a tag ...), find the id at
   which its next thousand entries end. The index that reaches furthest back is the sparsest: search these
   entries.
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
    """`next` is the id below which the list goes on. It is None at the end of the list."""

    images: list[Image]
    next: UUID | None


@dataclass(frozen=True)
class _Index:
    """An index that holds images' ids in the list's order, in `id_column` of `entries`.

    An image is found if its entry passes `conditions`. For one page, at most `max_entries` are read."""

    entries: QuerySet[Any]
    conditions: Callable[[], Iterable[Any]]
    max_entries: int
    id_column: str = "pk"

    def find_end(self, start: UUID, since: UUID, count: int) -> UUID | None:
        """Return the id of the last of `count` entries below `start`, or None if there are fewer."""
        ids = self._ids(self.entries, start, since)
        last = count - 1
        return ids[last:count].first()

    def find_ids(self, start: UUID, end: UUID, limit: int) -> list[UUID]:
        conditions = self.conditions()
        entries = self.entries.filter(*conditions)
        ids = self._ids(entries, start, end)
        return list(ids[:limit])

    def _ids(self, rows: QuerySet[Any], start: UUID, end: UUID) -> QuerySet[Any, UUID]:
        """Return the ids below `start` down to `end`, inclusive, newest first."""
        column = self.id_column
        bounds = {
            f"{column}__lt": start,
            f"{column}__gte": end,
        }
        entries = rows.filter(**bounds).order_by(f"-{column}")
        return entries.values_list(column, flat=True)


def find_page(selection: Selection, *, start: UUID, limit: int) -> Page:
    """Return the newest images of the selection with ids below `start`: `limit` of them, or fewer."""
    start = min(start, selection.until)
    ids, end = _find(selection, start, limit + 1)
    if len(ids) > limit:
        ids = ids[:limit]
        end = ids[-1]
    tag_names = Tag.objects.filter(image=OuterRef("pk")).values("name")
    images = selection.ready.filter(pk__in=ids).select_related("replaced_by")
    images = images.annotate(tag_names=ArraySubquery(tag_names))  # type: ignore[no-redef]
    return Page(list(images), end)


def find_ids(selection: Selection, *, limit: int) -> list[UUID]:
    """Return the ids of the newest `limit` images of the selection, in as many bounded steps as it takes."""
    ids: list[UUID] = []
    start: UUID | None = selection.until
    while start is not None and len(ids) < limit:
        missing_count = limit - len(ids)
        more_ids, start = _find(selection, start, missing_count)
        ids += more_ids
    return ids


def _find(selection: Selection, start: UUID, limit: int) -> tuple[list[UUID], UUID | None]:
    """Return ids, newest first, and the id down to which all images were searched: None for the very end."""
    since = selection.since
    index, end = _find_sparsest(selection, start)
    ids = index.find_ids(start, end or since, limit)
    if len(ids) == limit or end is None:
        return ids, end
    further_end = index.find_end(end, since, index.max_entries)
    if further_end is not None:
        few_ids = _find_few(selection, start=end)
        if few_ids is not None:
            all_ids = ids + few_ids
            return all_ids[:limit], None
    missing_count = limit - len(ids)
    more_ids = index.find_ids(end, further_end or since, missing_count)
    return ids + more_ids, further_end


def _find_sparsest(selection: Selection, start: UUID) -> tuple[_Index, UUID | None]:
    """Return the index with the fewest entries below `start`, and the id at which its first step ends."""
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
        yield _Index(tags, conditions, _MAX_ENTRIES.of_tag, "image_id")
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
    """Return the ids below `start`, newest first, or None if no filter is known to leave few images."""
    is_within = Q(pk__gte=selection.since, pk__lt=start)
    passes = ExpressionWrapper(
        Q(*selection.conditions()) & is_within,
        BooleanField(),
    )
    for rows in _rare_images(selection):
        marked_rows = rows.annotate(passes=passes)
        marked_ids = list(marked_rows.values_list("pk", "passes")[: _FEW + 1])
        if len(marked_ids) <= _FEW:
            passing_ids = [image_id for image_id, passes in marked_ids if passes]
            return sorted(passing_ids, reverse=True)
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
