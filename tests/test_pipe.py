"""Messages through a pair of sockets: whole, bounded, and within a deadline."""

import threading
import time
from collections.abc import Iterator
from socket import socket, socketpair

import pytest

from transforms.workers import pipe


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    one, other = socketpair()
    with one, other:
        yield one, other


Ends = tuple[socket, socket]


def soon() -> float:
    return time.monotonic() + 0.2


@pytest.mark.parametrize("size_bytes", [0, 1, 65_532, 65_536, 3_000_000])
def test_a_message_arrives_whole(ends: Ends, size_bytes: int) -> None:
    message = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    sender = threading.Thread(target=pipe.send, args=(ends[0], message))
    sender.start()
    assert pipe.receive(ends[1]) == message
    sender.join()


def test_a_message_in_pieces_arrives_whole(ends: Ends) -> None:
    def send_in_pieces() -> None:
        for byte in b"\0\0\0\5hello":
            ends[0].send(bytes([byte]))
            time.sleep(0.01)

    sender = threading.Thread(target=send_in_pieces)
    sender.start()
    assert pipe.receive(ends[1]) == b"hello"
    sender.join()


class TestDeadline:
    def test_of_a_message_that_does_not_come(self, ends: Ends) -> None:
        start = time.monotonic()
        with pytest.raises(pipe.DeadlinePassed):
            pipe.receive(ends[0], ends_at=soon())
        assert 0.15 < time.monotonic() - start < 2

    def test_of_a_message_that_comes_byte_by_byte(self, ends: Ends) -> None:
        stopped = threading.Event()

        def send_slowly() -> None:
            while not stopped.wait(0.05):
                ends[1].send(b"\0")

        sender = threading.Thread(target=send_slowly)
        ends[1].send(b"\0\0\xff\xff")
        sender.start()
        with pytest.raises(pipe.DeadlinePassed):
            pipe.receive(ends[0], ends_at=soon())
        stopped.set()
        sender.join()

    def test_of_a_message_that_nobody_reads(self, ends: Ends) -> None:
        with pytest.raises(pipe.DeadlinePassed):
            pipe.send(ends[0], bytes(3_000_000), ends_at=soon())

    def test_that_has_passed_already(self, ends: Ends) -> None:
        pipe.send(ends[1], b"x")
        with pytest.raises(pipe.DeadlinePassed):
            pipe.receive(ends[0], ends_at=time.monotonic() - 1)


class TestEnd:
    def test_of_the_other_process(self, ends: Ends) -> None:
        ends[1].close()
        with pytest.raises(pipe.PipeClosed):
            pipe.receive(ends[0])
        with pytest.raises(pipe.PipeClosed):
            pipe.send(ends[0], b"x")

    def test_amid_a_message(self, ends: Ends) -> None:
        ends[1].send(b"\0\0\0\5he")
        ends[1].close()
        with pytest.raises(pipe.PipeClosed):
            pipe.receive(ends[0])

    def test_with_a_message_unread(self, ends: Ends) -> None:
        pipe.send(ends[0], b"x")
        ends[1].close()
        with pytest.raises(pipe.PipeClosed):
            pipe.receive(ends[0])


def test_an_announced_length_is_bounded(ends: Ends) -> None:
    ends[1].send(b"\xff\xff\xff\xff")
    with pytest.raises(pipe.PipeClosed, match="4294967295"):
        pipe.receive(ends[0])


def test_only_an_open_end_that_sends_nothing_is_silent(ends: Ends) -> None:
    assert pipe.is_silent(ends[0])
    ends[1].send(b"x")
    assert not pipe.is_silent(ends[0])
    assert pipe.is_silent(ends[0])
    ends[1].close()
    assert not pipe.is_silent(ends[0])


def test_waiting_for_a_message_leaves_it_whole(ends: Ends) -> None:
    assert not pipe.comes_within(ends[0], 0.05)
    pipe.send(ends[1], b"hello")
    assert pipe.comes_within(ends[0], 0.05)
    assert pipe.receive(ends[0]) == b"hello"
    ends[1].close()
    assert pipe.comes_within(ends[0], 5)
