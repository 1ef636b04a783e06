"""The admin pages of operators, who log in with a password, and of their groups: Django's, with our rules."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse

from accounts.logins.hashing import prepared_hash

from .declared_filters import DeclaredFilters

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class OperatorAdmin(DeclaredFilters, UserAdmin):
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Hash the new operator's password before Django begins the transaction that stores it."""
        password = request.POST.get("password1", "")
        if not password or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        with prepared_hash(password):
            return super().add_view(request, form_url, extra_context)


@admin.register(Group)
class OperatorGroupAdmin(DeclaredFilters, GroupAdmin):
    pass
