"""ProgImage: the Python client's package, and the vocabulary that the server shares with it.

Nothing here imports Django, Pillow or the server's packages."""

from . import errors, operations
from .errors import ProgImageError
from .operations import Transform

__all__ = ["ProgImageError", "Transform", "errors", "operations"]
