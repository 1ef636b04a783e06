"""The admin of accounts, API keys and operators. Django imports this package by its name."""

from . import accounts, api_keys, operators

__all__ = ["accounts", "api_keys", "operators"]
