"""The body of a request as a stream: its slots, its time, and the database connection of its thread."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from config.slow_clients.exchanges import SLOTS, Exchange, Phase
from config.slow_clients.timed_body import TimedBody
from progimage.errors import RequestTimeout, Unavailable

CONTENT = b"first line\nsecond line"


class Watched(io.BytesIO):
    """A stream that calls `watch` at each read."""

    watch: Callable[[], object] = staticmethod(lambda: None)

    def read(self, size: int | None = -1, /) -> bytes:
        self.watch()
        return super().read(size)


@pytest.fixture
def stream() -> Watched:
    return Watched(CONTENT)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange("192.0.2.1")


@pytest.fixture
def body(stream: Watched, exchange: Exchange) -> TimedBody:
    return TimedBody(stream, exchange, len(CONTENT))


def test_the_bytes_are_those_of_the_stream(body: TimedBody, exchange: Exchange) -> None:
    assert body.read(5) + body.read() == CONTENT
    assert body.read(5) == b""
    assert exchange.received_bytes == len(CONTENT)


def test_nothing_is_read_beyond_the_length(stream: Watched, exchange: Exchange) -> None:
    """Behind it granian would wait for a client that has nothing to send."""
    body = TimedBody(stream, exchange, 5)
    assert (body.read(), body.read(1)) == (b"first", b"")


def test_lines(body: TimedBody) -> None:
    assert [body.readline(), body.readline(4), body.readline(), body.readline()] == [
        b"first line\n",
        b"seco",
        b"nd line",
        b"",
    ]


def test_a_slot_is_held_until_the_body_is_whole(body: TimedBody, stream: Watched) -> None:
    held: list[int] = []
    stream.watch = lambda: held.append(len(SLOTS))
    body.read(5)
    held.append(len(SLOTS))
    body.read()
    held.append(len(SLOTS))
    assert held == [1, 1, 1, 0]


def test_a_slot_is_given_back_at_the_end_of_the_exchange(body: TimedBody, exchange: Exchange) -> None:
    body.read(5)
    exchange.slots.close()
    assert len(SLOTS) == 0


def test_without_a_slot_nothing_is_read(body: TimedBody, stream: Watched, settings: Any) -> None:
    settings.SLOW_CLIENTS = 1
    reads: list[bool] = []
    stream.watch = lambda: reads.append(True)
    with SLOTS.hold("clients", limit=1), pytest.raises(Unavailable):
        body.read(5)
    assert reads == []


def test_a_late_body_is_refused_for_good(
    body: TimedBody, exchange: Exchange, stream: Watched, settings: Any
) -> None:
    def arrive_late() -> None:
        exchange.waited_s += settings.BODY_TIMEOUT_S + 1

    stream.watch = arrive_late
    for _ in range(2):
        with pytest.raises(RequestTimeout):
            body.read(5)
    assert exchange.received_bytes == 5


@pytest.mark.parametrize(
    ("sent", "waited_s", "is_refused"),
    [
        pytest.param(22, 11, True, id="ended by the guard"),
        pytest.param(22, 9, False, id="ended by the client"),
        pytest.param(30, 11, False, id="whole, and counted in time"),
    ],
)
def test_a_body_that_is_ended_while_it_is_late(
    exchange: Exchange, settings: Any, sent: int, waited_s: int, is_refused: bool
) -> None:
    """The guard sees no bytes of a chunk before the chunk is whole."""
    settings.CLIENT_GRACE_S = 10
    settings.CLIENT_MIN_BYTES_PER_S = 10
    stream = Watched(bytes(sent))
    body = TimedBody(stream, exchange, 30)
    stream.watch = lambda: setattr(exchange, "waited_s", waited_s)
    if is_refused:
        with pytest.raises(RequestTimeout):
            body.read()
    else:
        assert len(body.read()) == sent


def test_a_body_that_the_guard_cuts_off_is_late_even_if_its_last_bytes_were_in_time(
    exchange: Exchange, settings: Any
) -> None:
    """The guard counts bytes when a read has them all."""
    settings.CLIENT_MIN_BYTES_PER_S = 1
    stream = Watched(CONTENT)
    body = TimedBody(stream, exchange, len(CONTENT) + 1)

    def wait() -> None:
        exchange.waited_s += settings.CLIENT_GRACE_S + 1

    stream.watch = wait
    for _ in range(2):
        with pytest.raises(RequestTimeout):
            body.read()


def test_a_client_that_hangs_up_in_time_is_not_late(stream: Watched, exchange: Exchange) -> None:
    assert TimedBody(stream, exchange, len(CONTENT) + 1).read() == CONTENT


@pytest.mark.django_db(transaction=True)
def test_a_read_holds_no_connection(body: TimedBody, stream: Watched, exchange: Exchange) -> None:
    seen: list[tuple[bool, Phase]] = []
    stream.watch = lambda: seen.append((connection.connection is not None, exchange.phase))
    Account.objects.exists()
    body.read(5)
    assert seen == [(False, Phase.READING)]
    assert exchange.phase is Phase.WORKING
