"""The queue of threads for the renderers. Owners take turns, however many tasks one of them has.

lines.py has the rule. Here are the lock, the clock and the waiting."""

import random
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import ceil
from threading import Lock
from time import monotonic

from progimage.errors import Unavailable

from .lines import Lines, Ticket

_MAX_RETRY_AFTER_S = 30
_JITTER = 0.5
"""Clients that were refused together are told to come back at times that differ by up to this share."""
_FULL = "Every renderer is busy, and those that wait already need the time that this request has"
_LATE = "Every renderer is busy, and none became free in time"


WaitingRoom = Callable[[Hashable], AbstractContextManager[None]]


def admit_all(owner: Hashable) -> AbstractContextManager[None]:
    """The waiting room for any number of threads."""
    return nullcontext()


class FairQueue:
    """Gives out `slots`, at most `share` of them to one owner while others wait.

    `waiting_room` is entered by each thread that has to wait, and may refuse it: threads are few."""

    def __init__(
        self,
        *,
        slots: int,
        share: int,
        waiting_room: WaitingRoom = admit_all,
    ) -> None:
        self._lines = Lines(slots=slots, share=share)
        self._waiting_room = waiting_room
        self._lock = Lock()

    @contextmanager
    def slot(
        self,
        owner: Hashable,
        *,
        timeout_s: float,
        estimate: Callable[[], float] = lambda: 0.0,
        max_loan_s: float = float("inf"),
    ) -> Iterator[None]:
        """Hold a slot. `estimate` returns the time for which it will probably be held.

        Raise Unavailable at once if the task could not be done within `timeout_s` from now, and later if its
        turn does not come in time after all."""
        now = monotonic()
        ticket = Ticket(
            owner=owner,
            came_at=now,
            deadline=now + timeout_s,
            estimate=estimate,
            max_loan_s=max_loan_s,
        )
        self._wait(ticket)
        try:
            yield
        finally:
            with self._lock:
                self._lines.end(ticket)
                self._give_slots(monotonic())

    def check_room(self, owner: Hashable, *, timeout_s: float) -> None:
        """Raise Unavailable if even the smallest task of the owner would be refused. Nothing is reserved."""
        now = monotonic()
        ticket = Ticket(owner=owner, came_at=now, deadline=now + timeout_s, estimate=lambda: 0.0)
        with self._lock:
            if not self._lines.is_admitted(ticket, now):
                raise self._refusal(_FULL, ticket)

    def dismiss(self) -> None:
        """End the wait of every task with Unavailable."""
        with self._lock:
            for ticket in self._lines.leave_all():
                ticket.turn.set_exception(Unavailable("The renderers are being stopped"))

    def _wait(self, ticket: Ticket) -> None:
        with self._lock:
            if not self._lines.is_admitted(ticket, ticket.came_at):
                raise self._refusal(_FULL, ticket)
            self._lines.join(ticket)
            # A slot that is free is taken without any wait, however little time is left.
            self._give_slots(ticket.came_at)
        if ticket.turn.done():
            ticket.turn.result()
            return
        try:
            with self._waiting_room(ticket.owner):
                ticket.turn.result(ticket.deadline - ticket.came_at)
        except TimeoutError:
            self._leave(ticket)
        except BaseException:
            self._abandon(ticket)
            raise

    def _leave(self, ticket: Ticket) -> None:
        """Leave the line and raise Unavailable, unless the turn has come at the last moment."""
        with self._lock:
            if not ticket.turn.done():
                self._lines.leave(ticket)
                raise self._refusal(_LATE, ticket) from None
        ticket.turn.result()

    def _abandon(self, ticket: Ticket) -> None:
        """Give up the place in the line, or the slot if it was given meanwhile."""
        with self._lock:
            if not ticket.turn.done():
                self._lines.leave(ticket)
            elif ticket.turn.exception() is None:
                self._lines.end(ticket)
                self._give_slots(monotonic())

    def _give_slots(self, now: float) -> None:
        while ticket := self._lines.take_next(now):
            if ticket.began_at is None:
                ticket.turn.set_exception(self._refusal(_LATE, ticket))
            else:
                ticket.turn.set_result(None)

    def _refusal(self, message: str, ticket: Ticket) -> Unavailable:
        """Return a refusal with the time in which the lines will probably have been served."""
        wait_s = self._lines.wait_s(ticket, monotonic())
        jitter = random.uniform(1, 1 + _JITTER)  # noqa: S311 - nothing secret depends on it
        retry_after_s = ceil(wait_s * jitter)
        return Unavailable(message, retry_after_s=min(max(1, retry_after_s), _MAX_RETRY_AFTER_S))
