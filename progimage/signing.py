"""Signed URLs: what a browser may fetch, or put, until a moment, made without asking the server.

    >>> key = "pi_k3v9x2mq7d4a.7Zr0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    >>> soon = int(time.time()) + 600
    >>> url = sign_url("https://images.example/images/0190.webp?w=300", api_key=key, expires_at=soon)
    >>> secret, query = derive_signing_secret(key.partition(".")[2]), url.partition("?")[2]
    >>> check_signature(secret, method="HEAD", path="/images/0190.webp", query=query, now=soon - 1)
    >>> larger = query.replace("w=300", "w=900")
    >>> check_signature(secret, method="GET", path="/images/0190.webp", query=larger, now=soon - 1)
    Traceback (most recent call last):
    progimage.errors.SignatureRefused: The signature does not fit this URL

The secret that signs is derived from the API key's, so that both sides know it and neither sends it. The
signature covers the method, the path and every parameter of the query as it is spelled, in any order."""

import hmac
import re
import time
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

from .errors import ParameterError, SignatureRefused

EXPIRES, KEY_ID, SIGNATURE = "exp", "kid", "sig"
PARAMETERS = (EXPIRES, KEY_ID, SIGNATURE)
MAX_LIFETIME_S = 7 * 24 * 3_600
"""What S3 allows its presigned URLs too."""
_SKEW_S = 60
"""How far the signer's clock may be ahead of the server's."""
_UNIX_TIME = re.compile(r"[0-9]{1,11}")


def derive_signing_secret(api_secret: str) -> bytes:
    """Return the 32 bytes that sign URLs for the API key with this secret, the part behind its point."""
    return hmac.digest(api_secret.encode(), b"progimage url v1", "sha256")


def sign_url(url: str, *, api_key: str, expires_at: int, method: str = "GET") -> str:
    """Return `url` with a signature that holds until `expires_at`, in unix seconds; one for GET serves HEAD.

    Raises ParameterError for a lifetime beyond 7 days, or a URL that is signed or has a name twice."""
    key_id, _, api_secret = api_key.partition(".")
    secret = derive_signing_secret(api_secret)
    return sign_url_with(secret, url, key_id=key_id, expires_at=expires_at, method=method)


def sign_url_with(secret: bytes, url: str, *, key_id: str, expires_at: int, method: str = "GET") -> str:
    """Sign as `sign_url` does, by whom knows the derived secret and not the API key: the server."""
    lifetime_s = expires_at - time.time()
    if lifetime_s > MAX_LIFETIME_S:
        raise ParameterError(
            f"Expected a lifetime of at most {MAX_LIFETIME_S} s but received {lifetime_s:.0f} s"
        )
    parts = urlsplit(url)
    pairs = [pair for pair in parts.query.split("&") if pair]
    if {_name(pair) for pair in pairs} & set(PARAMETERS):
        raise ParameterError("Expected a URL without a signature")
    pairs += [f"{EXPIRES}={expires_at}", f"{KEY_ID}={key_id}"]
    if _has_repeats(pairs):
        raise ParameterError("Expected a URL in which no parameter stands twice")
    signature = _sign(secret, method, parts.path, pairs)
    return parts._replace(query="&".join([*pairs, f"{SIGNATURE}={signature}"]), fragment="").geturl()


def find_key_id(query: str) -> str | None:
    """Return the prefix of the API key that is said to have signed; None where nothing says so."""
    return next((pair.partition("=")[2] for pair in query.split("&") if _name(pair) == KEY_ID), None)


def check_signature(secret: bytes, *, method: str, path: str, query: str, now: float) -> None:
    """Hold a request to its signature; `query` is as it came, still encoded. Raises SignatureRefused."""
    pairs = query.split("&")
    values = dict(zip(map(_name, pairs), (pair.partition("=")[2] for pair in pairs), strict=True))
    if _has_repeats(pairs):
        raise SignatureRefused("Expected every parameter of a signed URL once")
    given = values.get(SIGNATURE, "")
    signed = [pair for pair in pairs if _name(pair) != SIGNATURE]
    if not hmac.compare_digest(given.encode(), _sign(secret, method, path, signed).encode()):
        raise SignatureRefused("The signature does not fit this URL")
    expires = values.get(EXPIRES, "")
    if not _UNIX_TIME.fullmatch(expires) or int(expires) > now + MAX_LIFETIME_S + _SKEW_S:
        raise SignatureRefused(f"Expected {EXPIRES} as unix seconds, at most {MAX_LIFETIME_S} s from now")
    if int(expires) <= now:
        raise SignatureRefused("The signature has expired")


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _has_repeats(pairs: list[str]) -> bool:
    return len({_name(pair) for pair in pairs}) < len(pairs)


def _sign(secret: bytes, method: str, path: str, pairs: list[str]) -> str:
    """Each part has its length before it, so that no two requests spell the same message."""
    parts = ["GET" if method == "HEAD" else method, path, *sorted(pairs)]
    message = b"".join(b"%d:%b" % (len(part.encode()), part.encode()) for part in parts)
    return urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=").decode()
