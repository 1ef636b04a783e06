"""The admin of accounts and keys. Django finds it by the name of this package."""

from . import accounts

__all__ = ["accounts"]
