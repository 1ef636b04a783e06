"""Pages of thumbnails that were never rendered, asked for at once of a real server."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import make_api
from tests.support import images as made
from tests.support.granian_server import Server, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PAGE = 40


@pytest.fixture
def start_server(tmp_path: Path, db: None) -> Iterator[Callable[[int], Server]]:
    with ExitStack() as running:

        def start(workers: int) -> Server:
            return running.enter_context(serving(tmp_path, {}, workers=workers, threads=256))

        yield start


@dataclass(frozen=True)
class Answer:
    key: str
    path: str
    status: int
    retry_after_s: int


def ask_at_once(server: Server, paths_of_keys: dict[str, list[str]]) -> list[Answer]:
    """Send each request over a connection of its own."""
    requests = [(key, path) for key, paths in paths_of_keys.items() for path in paths]
    start = threading.Barrier(len(requests))

    def ask(request: tuple[str, str]) -> Answer:
        key, path = request
        start.wait()
        status, headers, _ = server.request("GET", path, Authorization=f"Bearer {key}")
        return Answer(key, path, status, int(headers.get("retry-after", 0)))

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(ask, requests))


def store_photograph(server: Server, key: str) -> str:
    content = made.encoded("jpeg", made.photograph(2_000, 1_500), quality=85)
    headers = {"Content-Type": "image/jpeg", "Authorization": f"Bearer {key}"}
    status, _, body = server.request("POST", "/images", content, **headers)
    assert status == 201
    return str(json.loads(body)["id"])


def page(image: str, *, count: int) -> list[str]:
    return [f"/images/{image}.jpg?w={width}" for width in range(200, 200 + count)]


@pytest.mark.parametrize("workers", [1, 2], ids=["one web process", "two web processes"])
def test_comes_whole(start_server: Callable[[int], Server], workers: int) -> None:
    """The first render of all, whose child is still to be started, is among them."""
    server = start_server(workers)
    paths = page(store_photograph(server, server.key), count=PAGE)
    answers = ask_at_once(server, {server.key: paths})
    assert [answer for answer in answers if answer.status != 200] == []


def test_four_accounts_have_their_pages_together(start_server: Callable[[int], Server]) -> None:
    """F-22. Together they may be more than a busy machine can do in time. No account is left out, and clients
    that come back when they were told to get the rest."""
    server = start_server(2)
    keys = [server.key, *(make_api(name).key for name in ("bob", "carol", "dave"))]
    missing = {key: page(store_photograph(server, key), count=PAGE) for key in keys}
    retry_after_s = 0
    for _ in range(4):
        time.sleep(retry_after_s)
        answers = ask_at_once(server, missing)
        assert {answer.status for answer in answers} <= {200, 503}
        assert {answer.key for answer in answers if answer.status == 200} == set(missing)
        refused = [answer for answer in answers if answer.status == 503]
        if not refused:
            return
        missing = defaultdict(list)
        for answer in refused:
            missing[answer.key].append(answer.path)
        retry_after_s = max(answer.retry_after_s for answer in refused)
    pytest.fail(f"{len(refused)} requests were never answered")
