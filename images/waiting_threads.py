"""The threads of this process that wait for the renderers: for a turn, or for a render by another thread.

The other threads stay free for hits, so that these never wait behind renders."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from django.conf import settings

from .slots import Slots

_SHARE_OF_ONE_ACCOUNT = 0.75

_threads = Slots("Too many requests wait for the renderers", retry_after_s=1)
_threads_of_accounts = Slots("Too many requests of this account wait for the renderers", retry_after_s=1)
_here = threading.local()


def max_of_one_account() -> int:
    """Return how many threads may wait for one account. The others can wait only for other accounts."""
    share = int(settings.RENDITION_WAITERS * _SHARE_OF_ONE_ACCOUNT)
    return max(share, min(1, settings.RENDITION_WAITERS))


@contextmanager
def hold(account_id: Hashable) -> Iterator[None]:
    """Count this thread among those that wait. Raise Unavailable if there are enough of them.

    A thread that is counted already is not counted twice."""
    if getattr(_here, "is_counted", False):
        yield
        return
    with (
        _threads_of_accounts.hold(account_id, limit=max_of_one_account()),
        _threads.hold("all", limit=settings.RENDITION_WAITERS),
    ):
        _here.is_counted = True
        try:
            yield
        finally:
            _here.is_counted = False
