"""ProgImage: the Python client, and the vocabulary that the server shares with it.

Nothing here imports Django, Pillow or the server's packages."""

from importlib import import_module
from typing import TYPE_CHECKING

from progimage.calls.results import Archive, ArchiveFailure, Image, Rendition, UploadResult, UploadUrl

from . import errors, operations
from .errors import ProgImageError
from .operations import Output
from .transform import Transform

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client
else:
    _CLIENTS = {"AsyncClient": "async_client", "Client": "client"}

    def __getattr__(name: str) -> type:
        """Import httpx, 20 MB with what it imports, for clients alone: the server's renderers need none."""
        if name in _CLIENTS:
            return getattr(import_module(f"{__name__}.{_CLIENTS[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Archive",
    "ArchiveFailure",
    "AsyncClient",
    "Client",
    "Image",
    "Output",
    "ProgImageError",
    "Rendition",
    "Transform",
    "UploadResult",
    "UploadUrl",
    "errors",
    "operations",
]
