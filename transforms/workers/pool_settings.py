"""The limits of a pool of renderers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from transforms.limits import Limits

from .fair_queue import WaitingRoom, admit_all


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """`timeout_s` bounds the wait for a turn and, separately, the CPU time of the work.

    While others wait, one owner has at most `workers` children. The `spare` ones keep others from waiting."""

    workers: int = 1
    spare: int = 0
    timeout_s: float = 10.0
    wall_factor: float = 2.0
    """The work may take so many times `timeout_s` by the clock: a child shares its processor with others."""
    max_child_memory_bytes: int = 1_500_000_000
    max_output_bytes: int = 512_000_000
    max_tasks: int = 1_000
    limits: Limits = field(default_factory=Limits)
    before_waiting: Callable[[], None] = lambda: None
    """Called by a thread that must wait for its turn, and by every task's thread before its child works."""
    waiting_room: WaitingRoom = admit_all
    """Entered with the owner by a thread that waits for a turn. It raises Unavailable if too many wait."""

    @property
    def children(self) -> int:
        return self.workers + self.spare

    @property
    def wall_timeout_s(self) -> float:
        return self.timeout_s * self.wall_factor
