"""Which connections the guard ends: never one that may belong to another exchange than the late one."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from config.slow_clients import connection_guard
from config.slow_clients.connection_guard import ConnectionGuard
from config.slow_clients.exchanges import IN_PROGRESS, Exchange, Phase
from config.slow_clients.tcp_connections import Sample

LATE, OTHER = "192.0.2.1", "192.0.2.2"
Connections = dict[int, dict[str, Any]]


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Exchange]]:
    """Makes exchanges whose body is late, or that have worked for a while."""

    def make(address: str, *, is_late: bool = False, worked_s: float = 0.0) -> Exchange:
        exchange = Exchange(address)
        if is_late:
            exchange.enter(Phase.READING)
            exchange.waited_s = 10_000
            exchange.since_s -= 5
        exchange.since_s -= worked_s
        IN_PROGRESS.add(exchange)
        return exchange

    yield make
    IN_PROGRESS.clear()


def ended(monkeypatch: pytest.MonkeyPatch, connections: Connections, *, seconds: int) -> dict[int, set[int]]:
    """Let the guard look once a second. Return the halves of connections that it has ended, by their numbers."""
    guard = ConnectionGuard(8000)
    monkeypatch.setattr(connection_guard, "_QUIET_EVERY_S", 0)
    halves: dict[int, set[int]] = {}

    class Socket:
        def __init__(self, number: int) -> None:
            self.number = number

        def setsockopt(self, level: int, option: int, value: bytes) -> None:
            assert (level, option, value) == (socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        def shutdown(self, how: int) -> None:
            halves.setdefault(self.number, set()).add(how)

    for second in range(seconds):
        samples = []
        for number, facts in connections.items():
            values: dict[str, Any] = {
                "address": LATE,
                "received_bytes": 500,
                "acknowledged_bytes": 0,
                "unsent_bytes": 0,
                "unread_bytes": 0,
                "is_clients_turn_over": True,
            }
            values |= {name: value(second) if callable(value) else value for name, value in facts.items()}
            samples.append((Socket(number), Sample(number=number, at_s=float(second), **values)))
        monkeypatch.setattr(connection_guard, "open_connections", lambda port, found=samples: iter(found))
        guard.look()
    return halves


@pytest.mark.parametrize(
    ("facts", "is_ended"),
    [
        pytest.param({}, True, id="silent"),
        pytest.param({"received_bytes": lambda second: 500 + second}, True, id="drips"),
        pytest.param({"received_bytes": lambda second: 500 + 9_000 * second}, False, id="sends fast enough"),
        pytest.param({"is_clients_turn_over": False}, False, id="idle: the server spoke last"),
        pytest.param({"acknowledged_bytes": lambda second: second}, False, id="gets responses"),
        pytest.param({"address": OTHER}, False, id="of another address"),
        pytest.param({"unread_bytes": 9}, False, id="the server has not read yet"),
    ],
)
def test_beside_a_late_body(
    monkeypatch: pytest.MonkeyPatch,
    exchanges: Callable[..., Exchange],
    facts: dict[str, Any],
    is_ended: bool,
) -> None:
    exchanges(LATE, is_late=True)
    expected = {7: {socket.SHUT_RD}} if is_ended else {}
    assert ended(monkeypatch, {7: facts}, seconds=12) == expected


@pytest.mark.parametrize(("seconds", "is_ended"), [(12, False), (30, True)])
def test_a_connection_that_may_belong_to_a_working_exchange_stays(
    monkeypatch: pytest.MonkeyPatch, exchanges: Callable[..., Exchange], seconds: int, is_ended: bool
) -> None:
    exchanges(LATE, is_late=True)
    exchanges(LATE, worked_s=15)
    assert bool(ended(monkeypatch, {7: {}}, seconds=seconds)) == is_ended


@pytest.mark.parametrize(
    ("facts", "seconds", "is_ended"),
    [
        pytest.param({}, 34, False, id="perhaps idle"),
        pytest.param({}, 40, True, id="granian would have closed an idle one"),
        pytest.param({"address": OTHER}, 40, False, id="of another address"),
        pytest.param({"acknowledged_bytes": lambda second: second // 20}, 60, False, id="gets responses"),
        pytest.param(
            {"is_clients_turn_over": lambda second: second > 30}, 34, False, id="goes on after a pause"
        ),
        pytest.param({"is_clients_turn_over": lambda second: second > 30}, 40, True, id="then stalls"),
    ],
)
def test_a_body_that_is_awaited_although_the_server_spoke_last(
    monkeypatch: pytest.MonkeyPatch,
    exchanges: Callable[..., Exchange],
    facts: dict[str, Any],
    seconds: int,
    is_ended: bool,
) -> None:
    """After `100 Continue`, or after the response to an earlier request of a pipeline."""
    exchanges(LATE, is_late=True)
    connections = {7: {"is_clients_turn_over": False} | facts}
    assert bool(ended(monkeypatch, connections, seconds=seconds)) == is_ended


@pytest.mark.parametrize(("threads", "is_ended"), [(0, True), (10, False), (11, False), (12, True)])
def test_requests_that_may_wait_for_a_thread_stay(
    monkeypatch: pytest.MonkeyPatch, exchanges: Callable[..., Exchange], threads: int, is_ended: bool
) -> None:
    monkeypatch.setattr(connection_guard, "_THREADS", threads)
    exchanges(LATE, is_late=True)
    for _ in range(9):
        exchanges(OTHER)
    assert bool(ended(monkeypatch, {7: {}}, seconds=30)) == is_ended


def test_time_in_which_all_threads_worked_does_not_count(
    monkeypatch: pytest.MonkeyPatch, exchanges: Callable[..., Exchange]
) -> None:
    """A request that waited for a thread has just begun when the first thread is free again."""
    monkeypatch.setattr(connection_guard, "_THREADS", 10)
    late = exchanges(LATE, is_late=True)

    def free(second: int) -> int:
        if second < 20:
            IN_PROGRESS.update(Exchange(OTHER) for _ in range(9))
            IN_PROGRESS.peak = 10
        else:
            IN_PROGRESS.clear()
            IN_PROGRESS.add(late)
        return 500

    assert ended(monkeypatch, {7: {"received_bytes": free}}, seconds=24) == {}


def test_nothing_is_late(monkeypatch: pytest.MonkeyPatch, exchanges: Callable[..., Exchange]) -> None:
    exchanges(LATE, worked_s=100)
    assert ended(monkeypatch, {7: {}}, seconds=30) == {}


@pytest.mark.parametrize(
    ("facts", "is_ended"),
    [
        pytest.param({}, True, id="reads nothing"),
        pytest.param({"acknowledged_bytes": lambda second: 100 * second}, True, id="reads too slowly"),
        pytest.param({"acknowledged_bytes": lambda second: 9_000 * second}, False, id="reads fast enough"),
        pytest.param({"unsent_bytes": lambda second: second % 5}, False, id="has read all in between"),
    ],
)
def test_readers(
    monkeypatch: pytest.MonkeyPatch,
    exchanges: Callable[..., Exchange],
    facts: dict[str, Any],
    is_ended: bool,
) -> None:
    exchanges(OTHER, worked_s=60).phase = Phase.SENDING
    facts = {"unsent_bytes": 1_000_000, "is_clients_turn_over": False} | facts
    expected = {7: {socket.SHUT_RDWR}} if is_ended else {}
    assert ended(monkeypatch, {7: facts}, seconds=14) == expected


def test_a_reader_of_a_response_whose_exchange_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """granian keeps small responses for clients that do not read, for ever."""
    facts = {"unsent_bytes": 100_000, "is_clients_turn_over": False}
    assert ended(monkeypatch, {7: facts}, seconds=14) == {7: {socket.SHUT_RDWR}}


def test_while_nobody_waits_it_looks_seldom(
    monkeypatch: pytest.MonkeyPatch, exchanges: Callable[..., Exchange]
) -> None:
    looks: list[int] = []

    def look(port: int) -> list[Any]:
        looks.append(port)
        return []

    monkeypatch.setattr(connection_guard, "open_connections", look)
    guard = ConnectionGuard(8000)
    for _ in range(3):
        guard.look()
    assert looks == [8000]
    exchanges(LATE, is_late=True)
    guard.look()
    assert looks == [8000, 8000]


def test_a_client_that_has_hung_up_meanwhile() -> None:
    sample = Sample(1, LATE, 0.0, 0, 0, 0, 0, is_clients_turn_over=True)
    with closing(socket.socket()) as unconnected:
        connection_guard._end(unconnected, socket.SHUT_RD, sample, "a client sends too slowly")
