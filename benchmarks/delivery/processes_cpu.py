"""The CPU that processes took, with all that come from them, read from /proc.

Linux adds the time of an ended child to its parent's once the parent has waited for it. So the sum over a
tree never falls while its root lives, if the processes wait for their children."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessStat:
    """The facts of one line of /proc/<pid>/stat, times in clock ticks."""

    pid: int
    parent: int
    own_ticks: int
    ended_children_ticks: int

    @property
    def cpu_ms(self) -> float:
        return (self.own_ticks + self.ended_children_ticks) * 1_000 / TICKS_PER_S


def parse_stat(line: str) -> ProcessStat:
    """Read a line of /proc/<pid>/stat. The program's name, in parentheses, may hold spaces and parentheses.

    Source: proc(5)."""
    pid, _, rest = line.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return ProcessStat(int(pid), int(fields[1]), user + system, children_user + children_system)


def read_stats(proc: Path = PROC) -> dict[int, ProcessStat]:
    """Return the facts of all processes by their id."""
    stats: dict[int, ProcessStat] = {}
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = parse_stat((folder / "stat").read_text())
        except (FileNotFoundError, ProcessLookupError):  # it has ended since the folder was read
            continue
        stats[stat.pid] = stat
    return stats


def tree_of(roots: Iterable[int], stats: dict[int, ProcessStat]) -> set[int]:
    """Return the ids of the roots that run, and of all that come from them."""
    children: dict[int, list[int]] = {}
    for stat in stats.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found: set[int] = set()
    waiting = [root for root in roots if root in stats]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def tree_cpu_ms(roots: Iterable[int], stats: dict[int, ProcessStat] | None = None) -> float:
    """Return the CPU of the roots and of all that come from them, in ms, to a clock tick for each process."""
    known = read_stats() if stats is None else stats
    return sum(known[pid].cpu_ms for pid in tree_of(roots, known))


class CpuMeter:
    """The CPU that groups of processes take from now on: `CpuMeter({"web": [pid]}).read()["web"]`."""

    def __init__(
        self,
        groups: dict[str, list[int]],
        read: Callable[[], dict[int, ProcessStat]] = read_stats,
    ) -> None:
        self._groups = groups
        self._read = read
        self._start = self._now()

    def read(self) -> dict[str, float]:
        now = self._now()
        return {name: now[name] - start_ms for name, start_ms in self._start.items()}

    def _now(self) -> dict[str, float]:
        stats = self._read()
        return {name: tree_cpu_ms(roots, stats) for name, roots in self._groups.items()}
