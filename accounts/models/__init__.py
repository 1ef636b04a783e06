"""Database models: accounts, their API keys, and requests with an Idempotency-Key."""

from .accounts import Account, ApiKey, Scope
from .idempotency import IdempotentRequest

__all__ = ["Account", "ApiKey", "IdempotentRequest", "Scope"]
