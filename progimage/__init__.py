"""ProgImage: the Python client, and the language that it shares with the server.

This package imports neither Django nor Pillow nor the server's packages."""

from importlib import import_module
from typing import TYPE_CHECKING

from progimage.calls.results import (
    Archive,
    ArchiveFailure,
    ColorSpace,
    Image,
    Plan,
    PlanStep,
    Rendition,
    RenditionProblem,
    UploadResult,
    UploadUrl,
)

from . import errors, operations
from .errors import ProgImageError
from .operations import Output
from .transform import Transform

__version__ = "0.1.0"
"""The version of the client, which pyproject.toml reads, too."""

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client
else:
    _CLIENTS = {"AsyncClient": "async_client", "Client": "client"}

    def __getattr__(name: str) -> type:
        """Import a client on first use. Its httpx takes 20 MB, which the server's renderers do not need."""
        if name not in _CLIENTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{_CLIENTS[name]}")
        return getattr(module, name)


__all__ = [
    "Archive",
    "ArchiveFailure",
    "AsyncClient",
    "Client",
    "ColorSpace",
    "Image",
    "Output",
    "Plan",
    "PlanStep",
    "ProgImageError",
    "Rendition",
    "RenditionProblem",
    "Transform",
    "UploadResult",
    "UploadUrl",
    "__version__",
    "errors",
    "operations",
]
