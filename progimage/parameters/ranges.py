"""How large a number may be, and how long a list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Both ends belong to the range."""

    low: float
    high: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{_plain(self.low)} to {_plain(self.high)} {self.unit}".strip()


@dataclass(frozen=True)
class Items:
    """How many values a list has, and of how many each group consists, as x and y of a point."""

    low: int
    high: int
    step: int = 1

    def __str__(self) -> str:
        count = f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"
        return count if self.step == 1 else f"{count} (in groups of {self.step})"

    def is_met(self, count: int) -> bool:
        return self.low <= count <= self.high and count % self.step == 0


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
