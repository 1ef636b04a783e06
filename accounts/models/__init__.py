"""Rows: accounts, their keys, and requests that may be sent again."""

from .accounts import LAST_USED_EVERY, Account, ApiKey, Scope
from .idempotency import IdempotentRequest

__all__ = ["LAST_USED_EVERY", "Account", "ApiKey", "IdempotentRequest", "Scope"]
