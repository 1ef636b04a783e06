"""The options of a response with an image."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DeliveryOptions:
    """How a client wants an image to be sent, beside the transform.

    `headers` are the request's, of which the conditional ones and Range count."""

    method: str
    headers: Mapping[str, str]
    download: str | None = None
    """The file name of an attachment."""
    is_versioned: bool = False
    """Whether the URL has `v=`, and so may be cached for ever."""
    expires_at: int | None = None
    """The end of the URL's signature, in unix seconds."""
