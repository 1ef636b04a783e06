"""A request in progress, and when its body is late."""

from typing import Any

import pytest

from config.slow_clients import exchanges
from config.slow_clients.exchanges import IN_PROGRESS, Exchange, Phase, begin, end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> dict[str, float]:
    now = {"s": 100.0}
    monkeypatch.setattr(exchanges, "monotonic", lambda: now["s"])
    settings.CLIENT_GRACE_S = 10
    settings.CLIENT_MIN_BYTES_PER_S = 1_000
    settings.BODY_TIMEOUT_S = 60
    return now


def exchange_that(waited_s: float, received_bytes: int, clock: dict[str, float]) -> Exchange:
    exchange = Exchange("192.0.2.1", since_s=clock["s"], received_bytes=received_bytes)
    exchange.enter(Phase.READING)
    clock["s"] += waited_s
    return exchange


@pytest.mark.parametrize(
    ("waited_s", "received_bytes", "is_late"),
    [
        pytest.param(9.9, 0, False, id="nothing, within the grace"),
        pytest.param(10.1, 0, True, id="nothing, after it"),
        pytest.param(29, 20_000, False, id="at the rate"),
        pytest.param(31, 20_000, True, id="below the rate"),
        pytest.param(59, 900_000, False, id="fast, within the time of a whole body"),
        pytest.param(61, 900_000, True, id="fast, after it"),
    ],
)
def test_late(waited_s: float, received_bytes: int, is_late: bool, clock: dict[str, float]) -> None:
    exchange = exchange_that(waited_s, received_bytes, clock)
    assert exchange.is_late() == is_late
    exchange.enter(Phase.WORKING)
    assert exchange.is_late() == is_late


def test_time_in_which_the_server_works_is_not_the_clients(clock: dict[str, float]) -> None:
    exchange = exchange_that(5, 0, clock)
    exchange.enter(Phase.WORKING)
    clock["s"] += 1_000
    exchange.enter(Phase.READING)
    clock["s"] += 4
    assert not exchange.is_late()


def test_in_progress_until_its_end() -> None:
    closed: list[bool] = []
    exchange = begin("192.0.2.1")
    exchange.slots.callback(lambda: closed.append(True))
    assert exchange in IN_PROGRESS
    end(exchange)
    assert exchange not in IN_PROGRESS
    assert closed == [True]


def test_peak() -> None:
    IN_PROGRESS.clear()
    IN_PROGRESS.take_peak()
    first, second = begin("192.0.2.1"), begin("192.0.2.2")
    end(first)
    assert [IN_PROGRESS.take_peak(), IN_PROGRESS.take_peak()] == [2, 1]
    end(second)
    assert [IN_PROGRESS.take_peak(), IN_PROGRESS.take_peak()] == [1, 0]
