"""The admin of accounts and API keys. Django imports this package by its name."""

from . import accounts, api_keys

__all__ = ["accounts", "api_keys"]
