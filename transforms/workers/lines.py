"""The lines in which owners wait for slots, and the rule by which a newcomer is admitted: time, not number.

A newcomer is admitted if it can still be done within its deadline, by the estimates of all that is before it.
Here is no lock, no thread and no clock: every method is told the time. fair_queue.py has them."""

from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

_STANDING_AFTER_S = 5.0
_SHORT_WAIT_S = 1.0
"""If every turn in so many seconds came after a longer wait than that, the line is no burst: it stands."""
_STANDING_WAIT_S = 2.0
"""The longest wait in a line that stands. A longer one would make nothing faster (the idea of CoDel)."""
_HOPELESS_SHARE = 0.5
"""A task is refused at its turn if so small a share of its estimate is left before its deadline."""


@dataclass(eq=False, kw_only=True)
class Ticket:
    """A task that waits for a slot, or holds one since `began_at`. `turn` ends its wait.

    `estimate` returns the time for which the slot will probably be held, by the newest measurements. Slots
    beyond the owner's share are lent for at most `max_loan_s`."""

    owner: Hashable
    came_at: float
    deadline: float
    estimate: Callable[[], float]
    max_loan_s: float = float("inf")
    began_at: float | None = None
    turn: Future[None] = field(default_factory=Future)

    @property
    def estimate_s(self) -> float:
        """The estimate. No task is expected to take longer than all the time that it has."""
        return min(self.estimate(), self.deadline - self.came_at)

    def is_hopeless(self, now: float) -> bool:
        """Whether a task that has waited can hardly be done any more."""
        has_waited = now > self.came_at
        return has_waited and self.deadline - now < _HOPELESS_SHARE * self.estimate_s

    def held_s(self, now: float) -> float:
        """Return how long the task has held its slot."""
        return 0.0 if self.began_at is None else now - self.began_at

    def rest_s(self, now: float) -> float:
        """Return how long the task will probably still hold its slot."""
        return max(0.0, self.estimate_s - self.held_s(now))


class Lines:
    """Gives out `slots` by turns. While others wait, an owner has at most `share` of them."""

    def __init__(self, *, slots: int, share: int) -> None:
        self._slots = slots
        self._share = share
        self._running: list[Ticket] = []
        self._held_slots: Counter[Hashable] = Counter()
        self._lines: dict[Hashable, deque[Ticket]] = {}
        self._short_wait_at: dict[Hashable, float] = {}
        """The last time at which an owner's line was empty, or a turn of it came after a short wait."""

    def is_admitted(self, ticket: Ticket, now: float) -> bool:
        """Whether a newcomer may wait. The first in its line always may: nothing of its own is before it."""
        if ticket.owner not in self._lines:
            return True
        wait_s = self.wait_s(ticket)
        if now - self._short_wait_at[ticket.owner] > _STANDING_AFTER_S and wait_s > _STANDING_WAIT_S:
            return False
        return now + wait_s + ticket.estimate_s <= ticket.deadline

    def join(self, ticket: Ticket) -> None:
        """Put a ticket at the end of its owner's line."""
        self._lines.setdefault(ticket.owner, deque()).append(ticket)
        self._short_wait_at.setdefault(ticket.owner, ticket.came_at)

    def leave(self, ticket: Ticket) -> None:
        """Remove a ticket that waits."""
        self._lines[ticket.owner].remove(ticket)
        self._forget_if_empty(ticket.owner)

    def leave_all(self) -> list[Ticket]:
        """Remove every ticket that waits, and return them."""
        tickets = [ticket for line in self._lines.values() for ticket in line]
        self._lines.clear()
        self._short_wait_at.clear()
        return tickets

    def end(self, ticket: Ticket) -> None:
        """Take back the slot of a ticket."""
        self._running.remove(ticket)
        # Subtraction drops an owner whose count falls to 0.
        self._held_slots -= Counter([ticket.owner])

    def take_next(self, now: float) -> Ticket | None:
        """Return the ticket whose turn has come, if any. It has a slot now, unless it is hopeless."""
        owner = self._find_next_owner()
        if owner is None:
            return None
        line = self._lines.pop(owner)
        # behind the other lines from now on
        self._lines[owner] = line
        ticket = line.popleft()
        if now - ticket.came_at < _SHORT_WAIT_S:
            self._short_wait_at[owner] = now
        self._forget_if_empty(owner)
        if not ticket.is_hopeless(now):
            ticket.began_at = now
            self._running.append(ticket)
            self._held_slots[owner] += 1
        return ticket

    def wait_s(self, newcomer: Ticket, now: float | None = None) -> float:
        """Return how long a newcomer would wait: for running tasks, its own line, and as much of each other.

        Turns are taken, so the rest of a line that is longer than its own does not delay it."""
        now = newcomer.came_at if now is None else now
        running_s = sum(ticket.rest_s(now) for ticket in self._running)
        own_s = self._length_s(newcomer.owner)
        until_its_turn_s = own_s + newcomer.estimate_s
        others_s = [self._length_s(owner) for owner in self._lines if owner != newcomer.owner]
        before_s = running_s + own_s + sum(min(other_s, until_its_turn_s) for other_s in others_s)
        is_lent = others_s or newcomer.estimate_s <= newcomer.max_loan_s
        return before_s / (self._slots if is_lent else self._share)

    def _length_s(self, owner: Hashable) -> float:
        return sum(ticket.estimate_s for ticket in self._lines.get(owner, ()))

    def _find_next_owner(self) -> Hashable | None:
        if len(self._running) >= self._slots:
            return None
        for owner in self._lines:
            if self._held_slots[owner] < self._share:
                return owner
        return self._find_borrower()

    def _find_borrower(self) -> Hashable | None:
        """Return an owner that has its share, waits alone and would soon give a further slot back."""
        if len(self._lines) != 1:
            return None
        (owner,) = self._lines
        ticket = self._lines[owner][0]
        return owner if ticket.estimate_s <= ticket.max_loan_s else None

    def _forget_if_empty(self, owner: Hashable) -> None:
        if not self._lines[owner]:
            del self._lines[owner]
            del self._short_wait_at[owner]
