"""Signed URLs: until one expires, a browser may send its request. Signing takes no request to the server.

    >>> key = "pi_k3v9x2mq7d4a.7Zr0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    >>> now = int(time.time())
    >>> url = sign_url("https://images.example/images/0190.webp?w=300", api_key=key, expires_at=now + 600)
    >>> query = url.partition("?")[2]
    >>> secret = derive_signing_secret(key.partition(".")[2])
    >>> check_signature(secret, method="HEAD", path="/images/0190.webp", query=query, now=now)
    >>> larger = query.replace("w=300", "w=900")
    >>> check_signature(secret, method="GET", path="/images/0190.webp", query=larger, now=now)
    Traceback (most recent call last):
    progimage.errors.SignatureRefused: The signature does not fit this URL

Both sides derive the signing secret from the API key's secret. Therefore neither sends it. The signature
covers the method, the path and every parameter of the query as it is spelled, in any order."""

import hmac
import re
import time
from base64 import urlsafe_b64encode

from .errors import ParameterError, SignatureRefused
from .wire.browser_urls import as_browsers_send

EXPIRES = "exp"
KEY_ID = "kid"
SIGNATURE = "sig"
PARAMETERS = (EXPIRES, KEY_ID, SIGNATURE)
MAX_LIFETIME_S = 7 * 24 * 3_600
"""S3 allows its presigned URLs as long a lifetime."""
_MAX_SKEW_S = 60
"""The signer's clock may be this far ahead of the server's."""
_UNIX_TIME = re.compile(r"[0-9]{1,11}")


def derive_signing_secret(api_secret: str) -> bytes:
    """Return the 32 bytes that sign URLs. `api_secret` is the part of the API key after its point."""
    return hmac.digest(api_secret.encode(), b"progimage url v1", "sha256")


def sign_url(
    url: str,
    *,
    api_key: str,
    expires_at: int,
    method: str = "GET",
) -> str:
    """Return `url` with a signature that expires at `expires_at`, in unix seconds.

    Characters that a browser encodes are encoded before the URL is signed: spaces, quotes, letters beyond
    ASCII and others. Characters that are encoded already stay so. A signature for GET is valid for HEAD, too.
    Raise ParameterError if the lifetime exceeds 7 days, or if the URL is signed already or repeats a
    parameter."""
    key_id, _, api_secret = api_key.partition(".")
    return sign_url_with(
        derive_signing_secret(api_secret),
        url,
        key_id=key_id,
        expires_at=expires_at,
        method=method,
    )


def sign_url_with(
    secret: bytes,
    url: str,
    *,
    key_id: str,
    expires_at: int,
    method: str = "GET",
) -> str:
    """Sign like `sign_url`, with the derived secret. The server calls this, since it stores no API key."""
    lifetime_s = expires_at - time.time()
    if lifetime_s > MAX_LIFETIME_S:
        raise ParameterError(
            f"Expected a lifetime of at most {MAX_LIFETIME_S} s but received {lifetime_s:.0f} s"
        )
    parts = as_browsers_send(url)
    pairs = [pair for pair in parts.query.split("&") if pair]
    names = {_name(pair) for pair in pairs}
    if not names.isdisjoint(PARAMETERS):
        raise ParameterError("Expected a URL without a signature")
    pairs.append(f"{EXPIRES}={expires_at}")
    pairs.append(f"{KEY_ID}={key_id}")
    if _has_repeats(pairs):
        raise ParameterError("Expected a URL without repeated parameters")
    signature = _sign(secret, method, parts.path, pairs)
    pairs.append(f"{SIGNATURE}={signature}")
    signed_parts = parts._replace(query="&".join(pairs))
    return signed_parts.geturl()


def find_key_id(query: str) -> str | None:
    """Return the prefix of the API key that the query names as its signer; None if it names none."""
    for pair in query.split("&"):
        if _name(pair) == KEY_ID:
            return _value(pair)
    return None


def check_signature(
    secret: bytes,
    *,
    method: str,
    path: str,
    query: str,
    now: float,
) -> None:
    """Raise SignatureRefused unless a request's signature fits it and has not expired.

    `query` is percent-encoded, as the server received it. `now` is in unix seconds."""
    pairs = query.split("&")
    if _has_repeats(pairs):
        raise SignatureRefused("Expected every parameter of a signed URL once")
    values = {_name(pair): _value(pair) for pair in pairs}
    signature = values.get(SIGNATURE, "")
    signed_pairs = [pair for pair in pairs if _name(pair) != SIGNATURE]
    expected_signature = _sign(secret, method, path, signed_pairs)
    if not hmac.compare_digest(signature.encode(), expected_signature.encode()):
        raise SignatureRefused("The signature does not fit this URL")
    expires = values.get(EXPIRES, "")
    latest = now + MAX_LIFETIME_S + _MAX_SKEW_S
    if not _UNIX_TIME.fullmatch(expires) or int(expires) > latest:
        raise SignatureRefused(f"Expected {EXPIRES} as unix seconds, at most {MAX_LIFETIME_S} s from now")
    if int(expires) <= now:
        raise SignatureRefused("The signature has expired")


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _value(pair: str) -> str:
    return pair.partition("=")[2]


def _has_repeats(pairs: list[str]) -> bool:
    names = {_name(pair) for pair in pairs}
    return len(names) < len(pairs)


def _sign(secret: bytes, method: str, path: str, pairs: list[str]) -> str:
    """Return the signature of a request. Each part follows its length, so that two requests never share a
    message."""
    signed_method = "GET" if method == "HEAD" else method
    message = b""
    for part in (signed_method, path, *sorted(pairs)):
        encoded_part = part.encode()
        message += b"%d:%b" % (len(encoded_part), encoded_part)
    digest = hmac.digest(secret, message, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
