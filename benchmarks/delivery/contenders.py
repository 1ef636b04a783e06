"""Windows of load on several servers in turns, and the medians of their figures."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

from .connection import Request
from .load import Load, Target, load_with_threads
from .processes_cpu import CpuMeter

Window = Callable[[], Load]
LARGEST_SIDE = 300


@dataclass(frozen=True)
class Sample:
    """One window. `cpu_ms` is by part of the server, over the whole window."""

    load: Load
    cpu_ms: dict[str, float]

    @property
    def cpu_ms_per_good(self) -> float:
        """The CPU of the web server with its children, and of Postgres, for each good answer."""
        return self.cpu_per_good("web") + self.cpu_per_good("postgres")

    def cpu_per_good(self, part: str) -> float:
        return self.cpu_ms.get(part, 0.0) / self.load.good if self.load.good else 0.0


@dataclass
class Contender:
    """A server in a comparison, and a window of load on it."""

    name: str
    meter: Callable[[], CpuMeter]
    window: Window
    samples: list[Sample] = field(default_factory=list)

    def run(self) -> None:
        meter = self.meter()
        load = self.window()
        self.samples.append(Sample(load, meter.read()))

    @property
    def per_s(self) -> float:
        return statistics.median(sample.load.per_s for sample in self.samples)

    @property
    def web_cpu_ms(self) -> float:
        return statistics.median(sample.cpu_per_good("web") for sample in self.samples)

    @property
    def postgres_cpu_ms(self) -> float:
        return statistics.median(sample.cpu_per_good("postgres") for sample in self.samples)

    @property
    def cpu_ms(self) -> float:
        return self.web_cpu_ms + self.postgres_cpu_ms

    def over_ms(self, engine_ms: Sequence[float]) -> float:
        """Return the CPU over that of the engine alone, which was measured once in each round."""
        return statistics.median(
            sample.cpu_ms_per_good - alone for sample, alone in zip(self.samples, engine_ms, strict=True)
        )

    def times_cheaper(self, other: "Contender") -> float:
        """Return how many times the CPU of this one another contender took in the same rounds."""
        pairs = zip(other.samples, self.samples, strict=True)
        return statistics.median(ratio(theirs.cpu_ms_per_good, own.cpu_ms_per_good) for theirs, own in pairs)

    @property
    def p50_ms(self) -> float:
        return statistics.median(sample.load.p50_ms for sample in self.samples)

    @property
    def p99_ms(self) -> float:
        return statistics.median(sample.load.p99_ms for sample in self.samples)

    @property
    def refused_share(self) -> float:
        refused = sum(sample.load.refused for sample in self.samples)
        answers = sum(sample.load.answers for sample in self.samples)
        return refused / answers if answers else 0.0

    @property
    def failed(self) -> int:
        return sum(sample.load.failed for sample in self.samples)


def take_turns(contenders: Sequence[Contender], rounds: Iterable[int]) -> None:
    """Give each contender a window in each of these rounds, and let another one begin each time."""
    for number in rounds:
        start = number % len(contenders)
        for contender in (*contenders[start:], *contenders[:start]):
            contender.run()


def window_of(target: Target, requests: Iterator[Request], connections: int, seconds: float) -> Window:
    """Return a window that sends the next requests for so many seconds."""
    return lambda: load_with_threads(target, requests, connections, seconds=seconds)


def box_sizes() -> Iterator[tuple[int, int]]:
    """Yield boxes of up to 300 x 300 px. Each stands once, in an order that mixes them.

    They cost the same. From 307 px on the engine decodes four times the px of one of 12 megapixels."""
    for number in range(60 * 60):
        mixed = number * 1_531 % 3_600  # 1,531 is prime to 3,600
        yield LARGEST_SIDE - mixed % 60, LARGEST_SIDE - mixed // 60


def thumbnails(paths: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield thumbnails that nobody has asked for: the number of a photograph, and a box. It never repeats."""
    for number, (width, height) in zip(count(), _repeated_boxes(len(paths)), strict=False):
        yield number % len(paths), width, height


def _repeated_boxes(times: int) -> Iterator[tuple[int, int]]:
    for box in box_sizes():
        for _ in range(times):
            yield box


def cover_query(width: int, height: int, quality: int = 80) -> str:
    return f"w={width}&h={height}&fit=cover&q={quality}"


def first(requests: Iterator[Request], count: int) -> list[Request]:
    return list(islice(requests, count))


def ratio(value: float, base: float) -> float:
    """Return `value` in units of `base`; 0 if there is no base."""
    return value / base if base else 0.0
