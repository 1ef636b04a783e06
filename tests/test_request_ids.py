"""Ids of requests: the client's own, or new ones that no two requests share."""

import os
import threading
from collections.abc import Iterator

import pytest

from config.http import request_ids
from config.http.request_ids import choose_request_id, new_request_id


@pytest.fixture(autouse=True)
def none_in_store() -> Iterator[None]:
    request_ids._unused.clear()
    yield
    request_ids._unused.clear()


@pytest.mark.parametrize("client_id", ["client-7.4_x", "a" * 8, "a" * 64])
def test_a_well_formed_id_stays(client_id: str) -> None:
    assert choose_request_id(client_id) == client_id


@pytest.mark.parametrize(
    "client_id", ["", "a" * 7, "a" * 65, "with space", "with\nline", '"quoted"', "é" * 8]
)
def test_another_is_replaced(client_id: str) -> None:
    request_id = choose_request_id(client_id)
    assert len(bytes.fromhex(request_id)) == 16


def test_no_id_is_given_twice() -> None:
    given: list[list[str]] = [[] for _ in range(8)]

    def take(ids: list[str]) -> None:
        ids += [new_request_id() for _ in range(1_000)]

    threads = [threading.Thread(target=take, args=(ids,)) for ids in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_ids = [request_id for ids in given for request_id in ids]
    assert len(set(all_ids)) == 8_000
    assert {len(request_id) for request_id in all_ids} == {32}


def test_a_forked_process_has_ids_of_its_own() -> None:
    new_request_id()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, new_request_id().encode())
        os._exit(0)
    os.close(writer)
    child_id = os.read(reader, 100).decode()
    os.close(reader)
    os.wait()
    assert len(child_id) == 32
    assert child_id not in [new_request_id() for _ in range(300)]
