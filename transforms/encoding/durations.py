"""Exact durations as the numbers that a format holds. Sums are right: errors of rounding are carried on."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

_HALF = Fraction(1, 2)
_MS_PER_CS = 10
_MAX_CS = 65_535
_SHORTEST_CS = 2
"""Browsers show a frame of 1 hundredth of a second for 100 ms."""
_MAX_PART = 65_535
"""The largest numerator and denominator of an animated PNG's delay."""


def sum_joined(durations_ms: Sequence[Fraction], counts: Sequence[int]) -> list[Fraction]:
    """Return the durations of the written frames. Each stands for as many frames as its number in `counts`.

    Raise ValueError if the counts do not add up to the frames."""
    if sum(counts) != len(durations_ms):
        raise ValueError(f"Expected {len(durations_ms)} frames in the result but counted {sum(counts)}")
    sums = []
    first = 0
    for count in counts:
        sums.append(sum(durations_ms[first : first + count], Fraction(0)))
        first += count
    return sums


def in_ms(durations_ms: Sequence[Fraction], max_ms: int) -> list[int]:
    """Return whole milliseconds, at most `max_ms` each."""
    return _whole([min(duration, Fraction(max_ms)) for duration in durations_ms])


def in_centiseconds(durations_ms: Sequence[Fraction]) -> list[int]:
    """Return the delays of a GIF.

    Frames of less than 20 ms become 20 ms, and leave nothing to carry on."""
    delays = [min(duration / _MS_PER_CS, Fraction(_MAX_CS)) for duration in durations_ms]
    long_delays = iter(_whole([delay for delay in delays if delay >= _SHORTEST_CS]))
    return [next(long_delays) if delay >= _SHORTEST_CS else _SHORTEST_CS for delay in delays]


def as_delay(duration_ms: Fraction) -> tuple[int, int]:
    """Return the numerator and the denominator in seconds for an animated PNG, which has 16 bits for each.

    They are exact if they fit, and else the nearest that do."""
    seconds = min(duration_ms / 1000, Fraction(_MAX_PART))
    max_denominator = _MAX_PART if seconds <= 1 else floor(_MAX_PART / seconds)
    delay = seconds.limit_denominator(max_denominator)
    return delay.numerator, delay.denominator


def _whole(values: Sequence[Fraction]) -> list[int]:
    """Return whole numbers whose sums, from the first to any, are the rounded sums of the values."""
    numbers = []
    exact = Fraction(0)
    total = 0
    for value in values:
        exact += value
        rounded = floor(exact + _HALF)
        numbers.append(rounded - total)
        total = rounded
    return numbers
