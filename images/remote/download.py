"""The only way in which this server fetches images: from public addresses, in a short time, few at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpcore
import structlog
from django.conf import settings

from accounts.models import Account
from images.receiving.uploads import Spool, SpoolStack, Upload, too_large
from images.slots import Slots
from progimage.errors import FetchFailed, ProgImageError

from .connections import FAILURES, Deadline, connect
from .public_addresses import Target, parse_target

log = structlog.get_logger("progimage.fetch")

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_download_slots = Slots("More images are being fetched than may be at once", retry_after_s=2)


@contextmanager
def download(url: str, *, account: Account) -> Iterator[Upload]:
    """Yield the body of the response to a GET of a public address. The file exists during the context.

    Raise UrlNotAllowed, ParameterError, FetchFailed or BodyTooLarge, or Unavailable if the account or the
    host has too many downloads already."""
    with SpoolStack() as spools:
        spool = spools.new_spool()
        fetch = _Fetch(spool, Deadline.after(settings.FETCH_TIMEOUT_S))
        with _logged(fetch, account), fetch.slots:
            account_slot = _download_slots.hold(
                ("account", account.pk),
                limit=settings.FETCH_MAX_PER_ACCOUNT,
            )
            fetch.slots.enter_context(account_slot)
            target = parse_target(url)
            filename = target.filename
            fetch.follow(target)
        yield spool.finish(filename)


@dataclass
class _Fetch:
    """A download in progress. `host` and `status` are those of the last request."""

    spool: Spool
    deadline: Deadline
    slots: ExitStack = field(default_factory=ExitStack)
    host: str | None = None
    status: int | None = None

    def follow(self, target: Target) -> None:
        """Fill the spool from `target`, or from the address to which it redirects."""
        for _ in range(1 + MAX_REDIRECTS):
            self.host = target.host
            self.status = None
            with _download_slots.hold(("host", target.host), limit=settings.FETCH_MAX_PER_HOST):
                location = self._get(target)
            if not location:
                return
            target = parse_target(location, base=target)
        raise _failed(f"more than {MAX_REDIRECTS} redirects")

    def _get(self, target: Target) -> str:
        """Write the body of the response to the spool, or return the address of a redirect.

        Return an empty text if the response is no redirect."""
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        headers = [
            ("Host", target.authority),
            ("User-Agent", f"ProgImage/{settings.SPECTACULAR_SETTINGS['VERSION']}"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        try:
            with (
                connect(target, self.deadline, slots=self.slots) as connection,
                connection.stream("GET", url, headers=headers) as response,
            ):
                self.status = response.status
                location = _header(response, b"location")
                if response.status in _REDIRECTS and location:
                    return location
                _check_head(response)
                for chunk in response.iter_stream():
                    self.spool.write(chunk)
        except FAILURES as error:
            raise _failed(f"{type(error).__name__}: {error}") from error
        return ""


def _check_head(response: httpcore.Response) -> None:
    """Refuse a response by its headers if its body cannot be a whole image.

    Raise FetchFailed or BodyTooLarge."""
    if response.status != 200:
        raise _failed(f"status {response.status}")
    encoding = _header(response, b"content-encoding").lower()
    if encoding not in ("", "identity"):
        raise _failed(f"Content-Encoding {encoding}")
    length = _header(response, b"content-length")
    if length.isdecimal() and int(length) > settings.MAX_UPLOAD_BYTES:
        raise too_large()


def _header(response: httpcore.Response, name: bytes) -> str:
    values = [value for header, value in response.headers if header.lower() == name]
    return b", ".join(values).decode(errors="surrogateescape")


@contextmanager
def _logged(fetch: _Fetch, account: Account) -> Iterator[None]:
    """Log one line when the download is over. It names only the host: paths and queries may be secret."""
    started_at = time.perf_counter()
    outcome = "internal_error"
    reason = None
    try:
        yield
        outcome = "fetched"
    except ProgImageError as error:
        outcome = error.code
        reason = "; ".join(getattr(error, "__notes__", ()))
        raise
    finally:
        duration_ms = (time.perf_counter() - started_at) * 1000
        log.info(
            "fetch",
            account=account.pk,
            host=fetch.host,
            outcome=outcome,
            reason=reason,
            status=fetch.status,
            bytes=fetch.spool.size_bytes,
            duration_ms=round(duration_ms, 1),
        )


def _failed(reason: str) -> FetchFailed:
    """Return the error for every fault of the remote host. Its note has the reason, for the log only."""
    error = FetchFailed("Expected status 200 and a whole body in time from the address in url")
    error.add_note(reason[:200])
    return error
