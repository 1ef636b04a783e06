"""What a key may do."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Scope
from progimage.errors import SignatureRefused

from .caller import caller_of

if TYPE_CHECKING:  # at run time the settings name this module while that one is being imported
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Reading needs the scope read, everything else write; a view's `scopes` names what differs by method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        by_method = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        scope = getattr(view, "scopes", {}).get(request.method, by_method)
        caller_of(request).check_scope(scope)
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
