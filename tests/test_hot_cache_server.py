"""The hot cache in a real server: it hears of the changes that other processes make.

The bytes in storage are spoiled meanwhile, so an answer shows whether it came from memory."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from images.models import Image
from tests.support import images as made
from tests.support.granian_server import Server, serving
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CONTENT = made.encoded("png", made.photograph(60, 40))


class HotImage:
    """An image of a server, and its file."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        status, _, answer = server.request("POST", "/images", CONTENT, **{"Content-Type": "image/png"})
        assert status == 201
        self.id = json.loads(answer)["id"]
        (self._file,) = (folder / "files" / "originals").rglob(self.id)
        self._number = 0

    def get(self) -> tuple[int, bytes]:
        status, _, content = self._server.request("GET", f"/images/{self.id}")
        return status, content

    def is_hot(self) -> bool:
        """Whether the server answers from memory: with other bytes than those of the file by now."""
        self._number += 1
        spoiled = str(self._number).encode().ljust(len(CONTENT))
        self._file.chmod(0o600)
        self._file.write_bytes(spoiled)
        return self.get()[1] != spoiled

    def warm(self) -> None:
        while not (self.get()[0] == 200 and self.is_hot()):
            time.sleep(0.01)

    def time_until_cold_s(self) -> float:
        """Return the time until Django has answered once. It is hot again then."""
        began_at_s = time.monotonic()
        while self.is_hot():
            time.sleep(0.001)
        return time.monotonic() - began_at_s


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, {}) as server:
        yield server


@pytest.fixture
def image(server: Server, tmp_path: Path) -> HotImage:
    image = HotImage(server, tmp_path)
    image.warm()
    return image


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_change_by_another_process(image: HotImage) -> None:
    image.warm()
    Image.objects.update(filename="another.png")
    # By its age it would take 4 s, on a quiet machine it takes some ms: tests/test_change_listener.py.
    assert image.time_until_cold_s() < 2


def test_a_right_that_another_process_takes_away(image: HotImage) -> None:
    """AUTH-6."""
    image.warm()
    sql("UPDATE accounts_apikey SET revoked_at = now()")
    committed_at_s = time.monotonic()
    wait_until(lambda: image.get()[0] == 401)
    assert time.monotonic() - committed_at_s < 2


def test_a_change_that_the_process_has_answered_holds_at_once(server: Server, image: HotImage) -> None:
    """Also while other threads read the image without pause."""
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            image.get()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        time.sleep(0.2)
        assert server.request("DELETE", f"/images/{image.id}")[0] == 204
        assert [image.get()[0] for _ in range(20)] == [404] * 20
    finally:
        is_over.set()
        for reader in readers:
            reader.join()


def test_nothing_is_answered_from_memory_while_the_listener_is_away(image: HotImage) -> None:
    image.warm()
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'SELECT pg_notify%probe:%'"
        " AND pid <> pg_backend_pid()"
    )
    assert image.time_until_cold_s() < 2
    image.warm()


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with serving(tmp_path, {"HOT_CACHE_BYTES": "0"}) as server:
        image = HotImage(server, tmp_path)
        assert [image.is_hot() for _ in range(5)] == [False] * 5


def test_hits_are_lines_of_the_log(image: HotImage, tmp_path: Path) -> None:
    """They are written within half a second."""
    for _ in range(10):
        image.get()

    def lines() -> list[str]:
        wanted = f'"path": "/images/{image.id}"'
        return [line for line in (tmp_path / "log").read_text().splitlines() if wanted in line]

    sent = len(lines())
    image.get()
    wait_until(lambda: len(lines()) > sent)
    parsed = [json.loads(line) for line in lines()]
    assert {line["status"] for line in parsed} == {200}
    assert {line["api_key"] for line in parsed} == {parsed[0]["api_key"]} != {None}
