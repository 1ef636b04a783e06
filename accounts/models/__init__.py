"""Rows: accounts, their keys, and requests that may be sent again."""

from .accounts import Account, ApiKey, Scope
from .idempotency import IdempotentRequest

__all__ = ["Account", "ApiKey", "IdempotentRequest", "Scope"]
