"""One attempt to log in with a password: whether it may begin, and the consequences of a failure."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import services
from accounts.access.client_address import client_address, client_network, is_forwarded_by_stranger

from . import backoff
from .hashing import TooManyLogins, slot

log = structlog.get_logger("progimage.login")

_MAX_LOGGED_NAME = 64


@contextmanager
def attempt(request: HttpRequest, name: str) -> Iterator[None]:
    """Let the context check the password of `name`. It raises ValidationError if the password is wrong.

    Raise TooManyLogins if the attempt may not begin now. That is decided before a password is hashed. Every
    failure is logged with its address."""
    network = str(client_network(client_address(request)))
    address = backoff.address_subject(network)
    subject = backoff.name_subject(name)
    try:
        delayed = _delayed_subjects(address, subject, network, name)
        with slot():
            for delayed_subject in delayed:
                backoff.begin(delayed_subject)
            yield
    except TooManyLogins as refusal:
        _log_failure(request, name, refusal.reason)
        raise
    except ValidationError:
        backoff.count_failure(address)
        backoff.count_failure(subject)
        _log_failure(request, name, "refused")
        raise


def _delayed_subjects(
    address: backoff.Subject, subject: backoff.Subject, network: str, name: str
) -> list[backoff.Subject]:
    """Return the subjects whose pauses hold for this attempt. Raise TooManyLogins if a pause has not
    ended."""
    if pause_s := backoff.find_pause_s(address):
        raise backoff.must_wait(pause_s)
    if not backoff.is_delayed(subject) or services.has_logged_in_from(name, network):
        return [address]
    if pause_s := backoff.find_pause_s(subject):
        raise backoff.must_wait(pause_s)
    return [address, subject]


def _log_failure(request: HttpRequest, name: str, reason: str) -> None:
    """Log a failed attempt, without the password. `reason` is refused, delayed or busy."""
    log.warning(
        "login failed",
        reason=reason,
        address=str(client_address(request)),
        name=_printable(name[:_MAX_LOGGED_NAME]),
        # If true, the address may be that of a proxy: see TRUSTED_PROXIES in docs/operating.md.
        is_forwarded_by_stranger=is_forwarded_by_stranger(request),
    )


def _printable(text: str) -> str:
    """Escape characters that would act on a terminal or turn a line around."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
