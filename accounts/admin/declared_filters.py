"""Lists of the admin take the filters that they declare, and no others.

Django lets everybody who may view a list add a lookup to its URL, such as ?secret_sha256__startswith=a. The
length of the list then tells the value of a column that no page shows, character by character."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import SimpleListFilter
from django.db.models import Field
from django.http import HttpRequest

_LOOKUPS = ("", "__exact", "__isnull", "__isempty", "__gte", "__lt")
"""The lookups in the links of Django's filters."""


class DeclaredFilters(admin.ModelAdmin):
    """The base class of every page of the admin. A list with another lookup is 400."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self._declared_lookups(request)

    def _declared_lookups(self, request: HttpRequest | None) -> set[str]:
        names: set[str] = set()
        filters = self.get_list_filter(request) if request else self.list_filter
        for declared in filters:
            if isinstance(declared, type) and issubclass(declared, SimpleListFilter):
                names.add(str(declared.parameter_name))
                continue
            path: Any = declared[0] if isinstance(declared, tuple | list) else declared
            names |= {f"{path}{lookup}" for lookup in _LOOKUPS}
            names |= {f"{path}__{target}__exact" for target in self._target_names(str(path))}
        return names

    def _target_names(self, path: str) -> list[str]:
        """Return the name of the column that a filter by related rows compares."""
        field: Any = self.opts.get_field(path)
        if not isinstance(field, Field) or not field.is_relation:
            return []
        return [target.name for target in field.path_infos[-1].target_fields]  # type: ignore[attr-defined]
