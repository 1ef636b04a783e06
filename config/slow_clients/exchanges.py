"""The requests that this process works on, and the party that each one waits for."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic

from django.conf import settings

from images.slots import Slots

SLOTS = Slots("Too many clients send or receive slowly", retry_after_s=2)
"""The threads that may wait for clients. The others stay free for probes, hits and metadata."""


class Phase(Enum):
    """The party that an exchange waits for."""

    WORKING = auto()
    READING = auto()
    """The client is to send more of the body."""
    SENDING = auto()
    """The client is to receive the response."""


@dataclass(eq=False)
class Exchange:
    """A request in progress. `address` is the IP address at the other end of its connection."""

    address: str
    phase: Phase = Phase.WORKING
    since_s: float = field(default_factory=monotonic)
    received_bytes: int = 0
    waited_s: float = 0.0
    """The time that finished reads of the body have waited."""
    slots: ExitStack = field(default_factory=ExitStack)

    def enter(self, phase: Phase) -> None:
        if self.phase is Phase.READING:
            self.waited_s += self.seconds_in_phase
        self.phase = phase
        self.since_s = monotonic()

    @property
    def seconds_in_phase(self) -> float:
        return monotonic() - self.since_s

    def is_late(self) -> bool:
        """Whether the body has arrived too slowly. Only time in which the server waited for it counts."""
        waited_s = self.waited_s
        if self.phase is Phase.READING:
            waited_s += self.seconds_in_phase
        earned_s = self.received_bytes / settings.CLIENT_MIN_BYTES_PER_S
        return waited_s > min(settings.CLIENT_GRACE_S + earned_s, settings.BODY_TIMEOUT_S)


class _InProgress(set[Exchange]):
    peak = 0

    def add(self, exchange: Exchange) -> None:
        super().add(exchange)
        self.peak = max(self.peak, len(self))

    def take_peak(self) -> int:
        """Return the largest number of exchanges at once since the last call."""
        peak = self.peak
        self.peak = len(self)
        return peak


IN_PROGRESS = _InProgress()


def begin(address: str) -> Exchange:
    exchange = Exchange(address)
    IN_PROGRESS.add(exchange)
    return exchange


def end(exchange: Exchange) -> None:
    IN_PROGRESS.discard(exchange)
    exchange.slots.close()
