"""The only way by which this server asks another for an image: judged addresses, little time, few at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpcore
import structlog
from django.conf import settings

from accounts.models import Account
from images.database import release_connection
from images.receiving.uploads import Spool, Upload, too_large
from images.slots import Slots
from progimage.errors import FetchFailed, ProgImageError

from .connections import FAILURES, Deadline, connect
from .public_addresses import Target, parse_target

log = structlog.get_logger("progimage.fetch")

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_under_way = Slots("More images are being fetched than may be at once", retry_after_s=2)


@contextmanager
def download(url: str, *, account: Account) -> Iterator[Upload]:
    """Fetch what a public address answers. The file is there as long as the context lasts.

    Raises UrlNotAllowed, FetchFailed, BodyTooLarge, or Unavailable where enough is being fetched already."""
    release_connection()
    spool = Spool()
    with spool.file:
        fetch = _Fetch(spool, Deadline.after(settings.FETCH_TIMEOUT_S))
        with _logged(fetch, account), fetch.slots:
            own = _under_way.hold(("account", account.pk), limit=settings.FETCH_MAX_PER_ACCOUNT)
            fetch.slots.enter_context(own)
            target = parse_target(url)
            fetch.follow(target)
        yield spool.finish(target.filename)


@dataclass
class _Fetch:
    """What is under way: `host` and `status` are those of the last request."""

    spool: Spool
    deadline: Deadline
    slots: ExitStack = field(default_factory=ExitStack)
    host: str | None = None
    status: int | None = None

    def follow(self, target: Target) -> None:
        """Fill the spool from `target`, or from where it redirects to."""
        for _ in range(1 + MAX_REDIRECTS):
            self.host, self.status = target.host, None
            with _under_way.hold(("host", target.host), limit=settings.FETCH_MAX_PER_HOST):
                location = self._ask(target)
            if not location:
                return
            target = parse_target(location, base=target)
        raise _failed(f"more than {MAX_REDIRECTS} redirects")

    def _ask(self, target: Target) -> str:
        """Return where `target` redirects to; nothing when what it answers is in the spool."""
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
                if response.status in _REDIRECTS and (location := _header(response, b"location")):
                    return location
                _check_head(response)
                for chunk in response.iter_stream():
                    self.spool.write(chunk)
        except FAILURES as error:
            raise _failed(f"{type(error).__name__}: {error}") from error
        return ""


def _check_head(response: httpcore.Response) -> None:
    """Refuse what cannot be the whole of an image, before its body is read."""
    if response.status != 200:
        raise _failed(f"status {response.status}")
    if (encoding := _header(response, b"content-encoding").lower()) not in ("", "identity"):
        raise _failed(f"Content-Encoding {encoding}")
    length = _header(response, b"content-length")
    if length.isdecimal() and int(length) > settings.MAX_UPLOAD_BYTES:
        raise too_large()


def _header(response: httpcore.Response, name: bytes) -> str:
    values = [value for key, value in response.headers if key.lower() == name]
    return b", ".join(values).decode(errors="surrogateescape")


@contextmanager
def _logged(fetch: _Fetch, account: Account) -> Iterator[None]:
    """Write one line when all is over. It holds the host of a URL alone: paths and queries may be secret."""
    started, outcome, reason = time.perf_counter(), "internal_error", None
    try:
        yield
        outcome = "fetched"
    except ProgImageError as error:
        outcome, reason = error.code, "; ".join(getattr(error, "__notes__", ()))
        raise
    finally:
        log.info(
            "fetch",
            account=account.pk,
            host=fetch.host,
            outcome=outcome,
            reason=reason,
            status=fetch.status,
            bytes=fetch.spool.size_bytes,
            duration_ms=round((time.perf_counter() - started) * 1000, 1),
        )


def _failed(reason: str) -> FetchFailed:
    """The one answer to everything that goes wrong with another host; the reason is a note, for the log."""
    error = FetchFailed("Expected status 200 and a whole body in time from the address in url")
    error.add_note(reason[:200])
    return error
