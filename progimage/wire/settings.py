"""What both clients know without a request: where the server is, who asks, and the URLs of images."""

import os
import time
from importlib import metadata
from typing import Any, TypedDict

import httpx

from progimage.errors import ParameterError
from progimage.signing import MAX_LIFETIME_S, sign_url

from .retries import Retries
from .urls import Asked, ImageId, find_address

_CONNECT_TIMEOUT_S = 5


class Settings(TypedDict, total=False):
    """`timeout_s` (60) bounds each wait for a part of an answer, `max_retries` (2) how often a request is
    repeated; `transport` is httpx's, for tests."""

    api_key: str | None
    timeout_s: float
    max_retries: int
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None


class Connection:
    """The half of a client that needs no request. The other half sends."""

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None = None,
        timeout_s: float = 60,
        max_retries: int = 2,
        transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = _setting("url", url, "PROGIMAGE_URL").rstrip("/")
        if not self._url.startswith(("http://", "https://")):
            raise ParameterError(f"Expected an http or https URL for url but received {self._url[:60]!r}")
        self._api_key = _setting("api_key", api_key, "PROGIMAGE_API_KEY")
        self._retries = Retries(max_retries)
        self._options: dict[str, Any] = {
            "base_url": self._url,
            "transport": transport,
            "timeout": httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
            "headers": {
                "Authorization": f"Bearer {self._api_key}",
                "User-Agent": f"progimage-client/{_version()}",
                "Accept-Encoding": "identity",  # images do not shrink, and Repr-Digest is of what they are
            },
        }

    def url(self, image_id: ImageId, **asked: Asked) -> str:
        """Return an image's URL: the original's, or with `format` the image's in it.

        `asked` holds `format`, `transform` (its text or a Transform) or the short parameters (w=300, h=200,
        fit="cover", q=70 ...), `download` and `v`. Raises ParameterError for what no transform has."""
        return f"{self._url}{find_address(image_id, asked)}"

    def signed_url(self, image_id: ImageId, *, expires_in_s: int = 3_600, **asked: Asked) -> str:
        """Return a URL that shows a private image to whoever has it, for at most 7 days."""
        if not 1 <= expires_in_s <= MAX_LIFETIME_S:
            raise ParameterError(
                f"Expected 1 to {MAX_LIFETIME_S} s for expires_in_s but received {expires_in_s}"
            )
        url = self.url(image_id, **asked)
        return sign_url(url, api_key=self._api_key, expires_at=int(time.time()) + expires_in_s)


def _setting(name: str, given: str | None, variable: str) -> str:
    value = (given or os.environ.get(variable, "")).strip()
    if not value:
        raise ParameterError(f"Expected {name}, or {variable} in the environment, but received neither")
    return value


def _version() -> str:
    try:
        return metadata.version("progimage-client")
    except metadata.PackageNotFoundError:
        return "unknown"  # run from a checkout
