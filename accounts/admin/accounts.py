"""The admin pages of accounts."""

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Account

from .declared_filters import DeclaredFilters


@admin.register(Account)
class AccountAdmin(DeclaredFilters):
    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Refuse, because the bytes of the images would stay. Operators deactivate accounts instead."""
        return False
