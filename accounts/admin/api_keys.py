"""The admin pages of API keys. The text of a key is shown once, when the key is created."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import services
from accounts.models import ApiKey, Scope

from .declared_filters import DeclaredFilters


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[scope.value for scope in services.DEFAULT_SCOPES],
    )

    class Meta:
        model = ApiKey
        fields = ("account", "name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(DeclaredFilters):
    form = ApiKeyForm
    list_display = ("prefix", "name", "account", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("account", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("prefix", "name", "account__name")
    readonly_fields = ("prefix", "revoked_at", "last_used_at", "created_at")
    # An action sends one field per selected row, and DATA_UPLOAD_MAX_NUMBER_FIELDS allows 100 fields.
    list_per_page = 50
    actions = ("revoke_keys",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return (*self.readonly_fields, "account")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        api_key, key_text = services.create_api_key(
            obj.account,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
        )
        obj.pk = api_key.pk
        obj.prefix = api_key.prefix
        warning = f"Copy the API key now, it is shown only once: {key_text}"
        self.message_user(request, warning, messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Refuse, because a key's row shows later who sent a request. Operators revoke keys instead."""
        return False

    @admin.action(description="Revoke selected API keys", permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        for api_key in queryset:
            services.revoke(api_key)
        count = len(queryset)
        noun = "API key" if count == 1 else "API keys"
        self.message_user(request, f"Revoked {count} {noun}.", messages.SUCCESS)
