"""Admin pages that only show rows, and lists that stay fast with millions of rows."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from accounts.admin.declared_filters import DeclaredFilters
from transforms.formats.table import FORMATS

UUID_PATTERN = "[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
SHA256_PATTERN = "[0-9a-f]{64}"
_MAX_COUNTED_ROWS = 5_000


class BoundedPaginator(Paginator):
    """Counts only as many rows as an operator may page through. A full count would read millions of rows."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:_MAX_COUNTED_ROWS].count()


class FormatFilter(admin.SimpleListFilter):
    """A filter that offers all known formats. Django's own filter would read all rows to collect theirs."""

    title = "format"
    parameter_name = "format"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in FORMATS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        format_name = self.value()
        if not format_name:
            return queryset
        return queryset.filter(format=format_name)


class ReadOnlyAdmin(DeclaredFilters):
    """Pages that show rows and change none.

    The rows describe bytes in storage, so only the services may write them. If the admin deleted a row, its
    bytes would stay behind."""

    exact_searches: ClassVar[Mapping[str, str]]
    """Columns by the pattern of their values. A search term that fits a pattern is looked up by the index."""
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().lower()
        for pattern, column in self.exact_searches.items():
            if re.fullmatch(pattern, term):
                return queryset.filter(**{column: term}), False
        return super().get_search_results(request, queryset, search_term)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
