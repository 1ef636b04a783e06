"""A discrete simulation of the queue for the renderers: its own rule and estimates, with a clock of the test's."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from transforms.workers.costs import Costs, TaskCost
from transforms.workers.lines import Lines, Ticket

THUMBNAIL = TaskCost("thumbnail", "jpeg to jpeg", 1.0)
DEADLINE_S = 10.0


@dataclass(eq=False)
class Request:
    """A task that comes at a time and holds a slot for `work_s`. The other fields are filled by the simulation."""

    owner: str
    came_at: float
    work_s: float
    cost: TaskCost = THUMBNAIL
    is_refused: bool = False
    is_late: bool = False
    began_at: float | None = None
    done_at: float | None = None

    @property
    def took_s(self) -> float:
        assert self.done_at is not None
        return self.done_at - self.came_at


@dataclass
class Simulation:
    """Runs requests. `next_of` returns the request that a client sends when it has the answer to another."""

    slots: int = 2
    share: int = 1
    costs: Costs = field(default_factory=Costs)
    next_of: Callable[[Request, float], Request | None] = lambda request, now: None
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(slots=self.slots, share=self.share)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        self._of_ticket: dict[Ticket, Request] = {}

    def run(self, requests: Iterable[Request]) -> "Simulation":
        for request in requests:
            self._plan(request.came_at, partial(self._come, request))
        while self._events:
            now, _, act = heapq.heappop(self._events)
            act(now)
        return self

    def done(self, owner: str = "") -> list[Request]:
        return [each for each in self._of_owner(owner) if each.done_at is not None]

    def refused(self, owner: str = "") -> list[Request]:
        return [each for each in self._of_owner(owner) if each.is_refused]

    def late(self, owner: str = "") -> list[Request]:
        return [each for each in self._of_owner(owner) if each.is_late]

    def _of_owner(self, owner: str) -> list[Request]:
        return [each for each in self.requests if owner in ("", each.owner)]

    def _plan(self, when: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), act))

    def _come(self, request: Request, now: float) -> None:
        self.requests.append(request)
        ticket = Ticket(
            owner=request.owner,
            came_at=now,
            deadline=now + DEADLINE_S,
            estimate=partial(self.costs.estimate_s, request.cost),
            max_loan_s=1.0,
        )
        if not self.lines.is_admitted(ticket, now):
            request.is_refused = True
            self._answer(request, now)
            return
        self._of_ticket[ticket] = request
        self.lines.join(ticket)
        self._give_slots(now)
        self._plan(ticket.deadline, partial(self._give_up, ticket))

    def _give_slots(self, now: float) -> None:
        while ticket := self.lines.take_next(now):
            request = self._of_ticket[ticket]
            ticket.turn.set_result(None)
            if ticket.began_at is None:
                request.is_late = True
                self._answer(request, now)
                continue
            request.began_at = now
            self._plan(now + request.work_s, partial(self._end, ticket))

    def _end(self, ticket: Ticket, now: float) -> None:
        request = self._of_ticket[ticket]
        request.done_at = now
        self.costs.learn(request.cost, elapsed_s=ticket.held_s(now))
        self.lines.end(ticket)
        self._give_slots(now)
        self._answer(request, now)

    def _give_up(self, ticket: Ticket, now: float) -> None:
        if not ticket.turn.done():
            self.lines.leave(ticket)
            self._of_ticket[ticket].is_late = True
            self._answer(self._of_ticket[ticket], now)

    def _answer(self, request: Request, now: float) -> None:
        following = self.next_of(request, now)
        if following is not None:
            self._plan(following.came_at, partial(self._come, following))


def page(owner: str, *, count: int, work_s: float, at: float = 0.0) -> list[Request]:
    """Return requests that come at the same time."""
    return [Request(owner, at, work_s) for _ in range(count)]


def knowing(work_s: float, cost: TaskCost = THUMBNAIL) -> Costs:
    """Return costs that have measured the task often."""
    costs = Costs()
    for _ in range(10):
        costs.learn(cost, elapsed_s=work_s)
    return costs
