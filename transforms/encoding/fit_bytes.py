"""The best quality whose bytes are few enough, in few attempts."""

from collections.abc import Callable
from math import exp, log

from progimage.errors import ResultTooLarge

MAX_ATTEMPTS = 8
_TYPICAL_SLOPE = 0.6
"""Of the logarithm of the bytes over `_warped` quality: 0.3 for diagrams, to 0.8 for photographs in AVIF."""


def fit_bytes(write: Callable[[int], bytes], max_bytes: int, *, start: int, top: int, attempts: int) -> bytes:
    """Return what `write` makes at the best quality up to `top` that fits, beginning with `start`.

    The next quality is known not to fit, unless the attempts run out. Raises ResultTooLarge."""
    best, low, high, quality = b"", 0, top + 1, start
    points: list[tuple[float, float]] = []
    for left in range(attempts - 1, -1, -1):
        content = write(quality)
        points.append((_warped(quality), log(len(content))))
        if len(content) <= max_bytes:
            best, low = content, quality
        else:
            high = quality
        if high - low == 1:
            break
        guess = int(_unwarped(_secant(points, log(max_bytes))))
        quality = 1 if left == 1 and not best else min(max(guess, low + 1), high - 1)
    if not best:
        raise too_large(max_bytes, len(content), "at the lowest quality")
    return best


def too_large(max_bytes: int, smallest: int, how: str) -> ResultTooLarge:
    return ResultTooLarge(
        f"Expected a result of at most {max_bytes} bytes but {how} it has {smallest} bytes",
        pointer="/output/max_bytes",
    )


def _secant(points: list[tuple[float, float]], wanted: float) -> float:
    """Return where the line through the last two points has the height `wanted`."""
    at, height = points[-1]
    slope = _TYPICAL_SLOPE
    if len(points) > 1:
        before, height_before = points[-2]
        slope = max(0.1, (height - height_before) / (at - before))
    return at + (wanted - height) / slope


def _warped(quality: float) -> float:
    """Over this the logarithm of the bytes is nearly a line, in every format (correlation 0.95 to 0.99)."""
    return log((quality + 5) / (105 - quality))


def _unwarped(value: float) -> float:
    return (105 * exp(min(value, 9.0)) - 5) / (1 + exp(min(value, 9.0)))
