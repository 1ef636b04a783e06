"""Database models: accounts, their API keys, requests with an Idempotency-Key, and known logins."""

from .accounts import LAST_USED_EVERY, Account, ApiKey, Scope
from .idempotency import IdempotentRequest
from .known_logins import KnownLogin

__all__ = ["LAST_USED_EVERY", "Account", "ApiKey", "IdempotentRequest", "KnownLogin", "Scope"]
