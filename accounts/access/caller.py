"""The sender of a request, as everything behind the API knows it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.models import Account, ApiKey, Scope
from progimage.errors import NotAuthenticated, PermissionDenied, ProgImageError

if TYPE_CHECKING:
    from rest_framework.request import Request


@dataclass(frozen=True)
class Caller:
    """The sender of a request: the API key that came with it or signed its URL, or no key at all."""

    key: ApiKey | None

    @property
    def api_key(self) -> ApiKey:
        """Return the key. Raise NotAuthenticated if there is none."""
        if self.key is None:
            raise NotAuthenticated("Expected an API key: Authorization: Bearer <prefix>.<secret>")
        return self.key

    @property
    def account(self) -> Account:
        """Return the account in whose name the caller acts. Raise NotAuthenticated if there is none."""
        return self.api_key.account

    def check_scope(self, scope: Scope) -> None:
        """Raise NotAuthenticated without a key, PermissionDenied for a key without the scope."""
        if scope not in self.api_key.scopes:
            raise PermissionDenied(f"Expected an API key with the scope {scope.value}")

    def find_refusal(self, scope: Scope) -> ProgImageError | None:
        """Return the error that `check_scope` would raise."""
        try:
            self.check_scope(scope)
        except (NotAuthenticated, PermissionDenied) as error:
            return error
        return None


def caller_of(request: "Request") -> Caller:
    """Return the sender of a request that has been authenticated."""
    return Caller(request.auth if isinstance(request.auth, ApiKey) else None)
