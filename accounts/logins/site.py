"""The admin's site: Django's, with pages that limit how often and how many passwords are tried.

A refusal is 429 with Retry-After: on the login page with its form, so that the operator can try again."""

from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import services
from accounts.access.client_address import client_address, client_network

from .attempts import attempt
from .hashing import TooManyLogins


class LoginForm(AdminAuthenticationForm):
    """The form of the login page. `refusal` is set if the password was not checked."""

    request: HttpRequest
    refusal: TooManyLogins | None = None

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        try:
            with attempt(self.request, name):
                cleaned: dict[str, Any] = super().clean()
        except TooManyLogins as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.message) from refusal
        network = client_network(client_address(self.request))
        services.remember_login(self.get_user(), str(network))
        return cleaned


class PasswordForm(AdminPasswordChangeForm):
    """The form by which an operator changes the own password. A wrong old password is a failed login."""

    request: HttpRequest
    refusal: TooManyLogins | None = None

    def clean_old_password(self) -> str:
        try:
            with attempt(self.request, self.user.get_username()):
                return super().clean_old_password()
        except TooManyLogins as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.message) from refusal


class PasswordPage(PasswordChangeView):
    form_class = PasswordForm

    def get_form(self, form_class: Any = None) -> Any:
        form: Any = super().get_form(form_class)
        form.request = self.request
        return form


class OperatorSite(AdminSite):
    login_form = LoginForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return _with_refusal(super().login(request, extra_context))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        page = PasswordPage.as_view(
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        request.current_app = self.name  # Django's templates read it
        return _with_refusal(page(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap a page of the admin. A page that finds no slot to hash a new password says so."""

        @wraps(view)
        def with_refusal(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response: HttpResponseBase = view(request, *args, **kwargs)
            except TooManyLogins as refusal:
                context = {**self.each_context(request), "title": "Not now", "refusal": refusal.message}
                page = TemplateResponse(request, "admin/too_many_logins.html", context)
                return _refused(page, refusal)
            return response

        return super().admin_view(with_refusal, cacheable)


def _with_refusal(response: Any) -> HttpResponse:
    """Give a page whose form was refused its status and Retry-After."""
    context = getattr(response, "context_data", None) or {}
    refusal = getattr(context.get("form"), "refusal", None)
    if refusal is None:
        return response  # type: ignore[no-any-return]
    return _refused(response, refusal)


def _refused(response: Any, refusal: TooManyLogins) -> HttpResponse:
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS.value
    response["Retry-After"] = str(refusal.retry_after_s)
    return response  # type: ignore[no-any-return]
