"""The results as Markdown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results" / "delivery.md"


@dataclass
class Section:
    """One comparison: a table, and sentences below it."""

    title: str
    head: Sequence[str]
    lines: list[Sequence[object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        table = [_line(self.head), _line(["---"] * len(self.head)), *map(_line, self.lines)]
        notes = [f"\n{note}" for note in self.notes]
        return "\n".join([f"## {self.title}", "", *table, *notes])


def report(sections: Sequence[Section], *, is_quick: bool) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    kind = "a short run" if is_quick else "a full run"
    head = f"""# From a rendition to a browser

`make bench-delivery` wrote this on {datetime.now(UTC):%Y-%m-%d}, in {kind}. {os.cpu_count()} cores of
{platform.machine()}, Python {platform.python_version()}, load {load} at the end. Clients and servers share
the cores. Only the ratios of one run mean something on another machine: the contenders of a table take
turns. CPU-ms are user and system time for each good answer, of the web processes with all their children,
and of Postgres. Files are on disk. Photographs are made by code. Peers run with their defaults, and read
the originals from the disk.
"""
    return "\n\n".join([head.rstrip(), *map(str, sections)]) + "\n"


def number(value: float) -> str:
    """Return a figure with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
