"""Database models: accounts, their API keys, and requests with an Idempotency-Key."""

from .accounts import LAST_USED_EVERY, Account, ApiKey, Scope
from .idempotency import IdempotentRequest

__all__ = ["LAST_USED_EVERY", "Account", "ApiKey", "IdempotentRequest", "Scope"]
