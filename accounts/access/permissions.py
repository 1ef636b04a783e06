"""Permissions: the scope that a request's API key must have."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Scope
from progimage.errors import NotAuthenticated, PermissionDenied, SignatureRefused

if TYPE_CHECKING:  # rest_framework.views imports this module, because REST_FRAMEWORK names it
    from rest_framework.views import APIView


def check_scope(request: Request, scope: Scope) -> None:
    """Raise NotAuthenticated if the request has no API key, PermissionDenied if its key lacks the scope."""
    api_key = request.auth
    if not isinstance(api_key, ApiKey):
        raise NotAuthenticated("Expected an API key: Authorization: Bearer <prefix>.<secret>")
    if scope not in api_key.scopes:
        raise PermissionDenied(f"Expected an API key with the scope {scope.value}")


class HasScope(BasePermission):
    """Require the scope `read` for GET, HEAD and OPTIONS, and `write` for the other methods.

    A view with other rules has a dictionary `scopes`, by method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        default = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        scopes = getattr(view, "scopes", {})
        check_scope(request, scopes.get(request.method, default))
        return True


class HasScopeToWrite(HasScope):
    """Require a scope for methods that write. The view decides who may read, because images may be public."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.method in SAFE_METHODS:
            return True
        return super().has_permission(request, view)


class IsSigned(HasScope):
    """Require a signed URL, and the scope of the API key that signed it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.auth is not None:
            return super().has_permission(request, view)
        # Before a PUT the browser sends a preflight request, without a signature.
        if request.method in SAFE_METHODS:
            return True
        raise SignatureRefused("Expected the unchanged URL, with its signature")
