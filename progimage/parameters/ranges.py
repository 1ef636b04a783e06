"""Limits of numbers and of lists."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value of a number. Both are allowed."""

    low: float
    high: float
    unit: str = ""

    def __str__(self) -> str:
        low = _without_zeros(self.low)
        high = _without_zeros(self.high)
        return f"{low} to {high} {self.unit}".strip()


@dataclass(frozen=True)
class Items:
    """The fewest and the most values of a list. Their number is a multiple of `step`: 2 for x and y."""

    low: int
    high: int
    step: int = 1

    def __str__(self) -> str:
        count = f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"
        return count if self.step == 1 else f"{count} (in groups of {self.step})"

    def is_met(self, count: int) -> bool:
        return self.low <= count <= self.high and count % self.step == 0


def _without_zeros(number: float) -> str:
    is_whole = number == int(number)
    return str(int(number)) if is_whole else str(number)
