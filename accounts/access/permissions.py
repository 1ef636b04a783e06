"""Permissions: the scope that a request's API key must have."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Scope
from progimage.errors import SignatureRefused

from .caller import caller_of

if TYPE_CHECKING:  # rest_framework.views imports this module, because REST_FRAMEWORK names it
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Require the scope `read` for GET, HEAD and OPTIONS, and `write` for the other methods.

    A view with other rules has a dictionary `scopes`, by method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        default = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        scopes = getattr(view, "scopes", {})
        caller_of(request).check_scope(scopes.get(request.method, default))
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
