"""What a key may do."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from progimage.errors import NotAuthenticated, PermissionDenied, SignatureRefused

from .models import ApiKey, Scope

if TYPE_CHECKING:  # at run time the settings name this module while that one is being imported
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Reading needs the scope read, everything else write; a view's `scopes` names what differs by method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        api_key = request.auth
        if not isinstance(api_key, ApiKey):
            raise NotAuthenticated("Expected an API key: Authorization: Bearer <prefix>.<secret>")
        by_method = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        needed: Scope = getattr(view, "scopes", {}).get(request.method, by_method)
        if needed not in api_key.scopes:
            raise PermissionDenied(f"Expected a key with the scope {needed.value}")
        return True


class HasScopeOrNoKey(HasScope):
    """For what may be public: without a key the view decides who reads, with one it must have the scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        is_anonymous_read = request.auth is None and request.method in SAFE_METHODS
        return is_anonymous_read or super().has_permission(request, view)


class IsSigned(HasScope):
    """For what a signed URL alone allows, with the scope of the key that signed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.auth is not None:
            return super().has_permission(request, view)
        if request.method in SAFE_METHODS:  # a browser asks before it puts, and signs nothing then
            return True
        raise SignatureRefused("Expected the URL as it was made, with its signature")
