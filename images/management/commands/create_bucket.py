"""The former name of the command create_storage."""

from .create_storage import Command

__all__ = ["Command"]
