"""The connections of a port, as the kernel counts their bytes."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from config.slow_clients.tcp_connections import Sample, open_connections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a connection's bytes")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's socket and the server's, over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with closing(client), closing(server):
            yield client, server


def find(server: socket.socket, is_right: Callable[[Sample], bool]) -> Sample:
    """Return the sample of the one connection, as soon as the kernel has counted."""
    deadline = time.monotonic() + 5
    while True:
        samples = [sample for _, sample in open_connections(server.getsockname()[1])]
        assert len(samples) == 1
        if is_right(samples[0]) or time.monotonic() > deadline:
            return samples[0]


def test_bytes_in_both_directions(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    client.sendall(bytes(1_234))
    server.sendall(bytes(77))
    sample = find(server, lambda sample: sample.acknowledged_bytes == 77 and sample.received_bytes == 1_234)
    assert (sample.received_bytes, sample.acknowledged_bytes, sample.unsent_bytes) == (1_234, 77, 0)
    assert sample.address == "127.0.0.1"
    assert sample.unread_bytes == 1_234
    server.recv(1_000)
    assert find(server, lambda sample: sample.unread_bytes < 1_234).unread_bytes == 234


def test_whose_turn_it_is(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    assert not find(server, lambda sample: True).is_clients_turn_over
    client.sendall(b"a request")
    assert find(server, lambda sample: sample.is_clients_turn_over).is_clients_turn_over
    time.sleep(0.05)
    server.sendall(b"its response")
    assert not find(server, lambda sample: sample.acknowledged_bytes > 0).is_clients_turn_over
    time.sleep(0.05)
    client.sendall(b"another")
    assert find(server, lambda sample: sample.is_clients_turn_over).is_clients_turn_over


def test_bytes_that_nobody_reads(pair: tuple[socket.socket, socket.socket]) -> None:
    _, server = pair
    server.setblocking(False)
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += server.send(bytes(65_536))
    sample = find(server, lambda sample: sample.unsent_bytes > 0)
    assert 0 < sample.unsent_bytes <= sent


def test_neither_listeners_nor_other_ports_nor_closed_connections(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    port = server.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert list(open_connections(other.getsockname()[1])) == []
    number = find(server, lambda sample: True).number
    assert number == find(server, lambda sample: True).number
    server.close()
    client.close()
    assert list(open_connections(port)) == []
