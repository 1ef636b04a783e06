from .create_storage import Command

__all__ = ["Command"]
