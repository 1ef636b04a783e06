"""What a key may do."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Scope
from progimage.errors import NotAuthenticated, PermissionDenied, SignatureRefused

if TYPE_CHECKING:  # at run time the settings name this module while that one is being imported
    from rest_framework.views import APIView


def check_scope(request: Request, needed: Scope) -> None:
    """Raises NotAuthenticated without a key, PermissionDenied for one without the scope."""
    api_key = request.auth
    if not isinstance(api_key, ApiKey):
        raise NotAuthenticated("Expected an API key: Authorization: Bearer <prefix>.<secret>")
    if needed not in api_key.scopes:
        raise PermissionDenied(f"Expected a key with the scope {needed.value}")


class HasScope(BasePermission):
    """Reading needs the scope read, everything else write; a view's `scopes` names what differs by method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        by_method = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        check_scope(request, getattr(view, "scopes", {}).get(request.method, by_method))
        return True


class HasScopeToWrite(HasScope):
    """For what may be public: the view judges who may read."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)


class IsSigned(HasScope):
    """For what a signed URL alone allows, with the scope of the key that signed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.auth is not None:
            return super().has_permission(request, view)
        if request.method in SAFE_METHODS:  # a browser asks before it puts, and signs nothing then
            return True
        raise SignatureRefused("Expected the URL as it was made, with its signature")
