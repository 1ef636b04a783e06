"""Pages of thumbnails that were never rendered, asked for at once of a real server."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

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


def ask_at_once(server: Server, paths: list[str]) -> Counter[int]:
    """Return how many answers of each status there were. Each request has a connection of its own."""
    start = threading.Barrier(len(paths))

    def ask(path: str) -> int:
        start.wait()
        return server.request("GET", path)[0]

    with ThreadPoolExecutor(len(paths)) as threads:
        return Counter(threads.map(ask, paths))


@pytest.mark.parametrize("workers", [1, 2], ids=["one web process", "two web processes"])
@pytest.mark.parametrize("pages", [1, 2], ids=["one page", "two pages of one account"])
def test_comes_whole(start_server: Callable[[int], Server], workers: int, pages: int) -> None:
    """The first render of all, whose child is still to be started, is among them."""
    server = start_server(workers)
    content = made.encoded("jpeg", made.photograph(2_000, 1_500), quality=85)
    status, _, body = server.request("POST", "/images", content, **{"Content-Type": "image/jpeg"})
    assert status == 201
    image = json.loads(body)["id"]
    paths = [f"/images/{image}.jpg?w={width}" for width in range(200, 200 + PAGE * pages)]
    assert ask_at_once(server, paths) == {200: PAGE * pages}
