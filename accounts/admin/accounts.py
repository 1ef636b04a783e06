"""Accounts and keys, for operators. A key's secret is shown once, when it is made."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import services
from accounts.models import Account, ApiKey, Scope


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """An account owns images, whose bytes would be left behind: deactivate it instead."""
        return False


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
class ApiKeyAdmin(admin.ModelAdmin):
    form = ApiKeyForm
    list_display = ("prefix", "name", "account", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("account", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("prefix", "name", "account__name")
    readonly_fields = ("prefix", "revoked_at", "last_used_at", "created_at")
    list_per_page = 50  # an action sends a field for each row, of which a form may have 100
    actions = ("revoke_keys",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "account") if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, text = services.create_api_key(
            obj.account, name=obj.name, scopes=obj.scopes, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        self.message_user(request, f"The key, shown this once: {text}", messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked: what a deleted key once did could not be told any more."""
        return False

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        for api_key in queryset:
            services.revoke(api_key)
        self.message_user(request, f"Revoked {len(queryset)} keys.", messages.SUCCESS)
