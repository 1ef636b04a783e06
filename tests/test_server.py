"""A real server: its memory while bodies stream, senders that hang up, killed processes, and how it stops."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from images.models import Image, Rendition
from tests.support import images as made
from tests.support.granian_server import Server, children_of, serving
from tests.support.waiting import wait_until

Slow = tuple[Server, str, Callable[[], list[int]]]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MB = 1_000_000


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()


@pytest.fixture
def start_server(tmp_path: Path, db: None) -> Iterator[Callable[..., Server]]:
    """Starts granian with one worker, on the tests' database and on disk: boto3's buffers are not measured."""
    if sys.platform != "linux":
        pytest.skip("memory is read from /proc")
    with ExitStack() as running:

        def start(**settings: str) -> Server:
            return running.enter_context(serving(tmp_path, settings))

        yield start


def noise(size_bytes: int) -> bytes:
    """An uncompressed BMP of about that size, so that the body is large and the picture is not."""
    side = int((size_bytes / 3) ** 0.5) & ~3
    return made.encoded("bmp", made.picture(side, side))


def test_bodies_stream(server: Server) -> None:
    """A 25 MB upload and download take less than 30 MB of the server's memory, however often."""
    small, large = made.encoded("bmp"), noise(25 * MB - 200_000)
    for _ in range(2):
        assert server.request("POST", "/images", small, **{"Content-Type": "image/bmp"})[0] == 201
    before = server.peak_memory_bytes()
    boundary = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    form = boundary + large + b"\r\n--x--\r\n"
    for content, media_type in ((large, "image/bmp"), (form, "multipart/form-data; boundary=x")) * 2:
        status, _, answer = server.request("POST", "/images", content, **{"Content-Type": media_type})
        assert status == 201
        path = f"/images/{json.loads(answer)['id']}"
        assert server.request("GET", path)[2] == large
    growth = {pid: peak - before[pid] for pid, peak in server.peak_memory_bytes().items()}
    assert len(growth) >= 2
    assert max(growth.values()) < 30 * MB
    assert len(large) > 24 * MB


def test_sender_that_hangs_up(server: Server, tmp_path: Path) -> None:
    opened = server.raw(
        "POST /images HTTP/1.1\r\nContent-Type: image/png\r\nContent-Length: 5000", b"x" * 1_000
    )
    opened.close()
    boundary = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    head = "POST /images HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000"
    server.raw(head, boundary + b"x" * 1_000).close()
    deadline = time.monotonic() + 10
    while list(tmp_path.glob("progimage-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(tmp_path.glob("progimage-*")) == []
    assert not Image.objects.exists()
    assert server.request("GET", "/healthz")[0] == 200


def test_what_a_killed_process_left_is_removed_at_the_next_start(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    left, recent = tmp_path / "progimage-left", tmp_path / "progimage-recent"
    for path in (left, recent):
        path.touch()
    os.utime(left, (0, 0))
    start_server()
    assert (left.exists(), recent.exists()) == (False, True)


def test_chunked_body_needs_a_length(server: Server) -> None:
    status, _, answer = server.request("POST", "/images", iter([b"x" * 100]), **{"Content-Type": "image/png"})
    assert (status, json.loads(answer)["code"]) == (411, "length_required")


def test_head_has_no_body_and_all_headers(server: Server) -> None:
    status, _, answer = server.request(
        "POST", "/images", made.encoded("png"), **{"Content-Type": "image/png"}
    )
    path = f"/images/{json.loads(answer)['id']}.webp"
    status, head, content = server.request("HEAD", path)
    assert (status, content) == (200, b"")
    _, headers, content = server.request("GET", path)
    assert head["content-length"] == str(len(content))
    assert {**head, "x-request-id": "", "date": ""} == {**headers, "x-request-id": "", "date": ""}


@pytest.mark.parametrize(
    ("path", "media_type", "size_bytes"),
    [
        pytest.param("/transforms?q=0", "image/png", 85_000, id="a transform"),
        pytest.param("/images?bogus=0", "image/png", 900_000, id="an upload"),
        pytest.param("/images", "text/plain", 3_000_000, id="a long body"),
    ],
)
def test_connection_outlives_a_refusal(server: Server, path: str, media_type: str, size_bytes: int) -> None:
    """A body that nobody wants is read all the same."""
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": media_type}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as http:
        for _ in range(30):
            http.request("POST", path, body=bytes(size_bytes), headers=headers)
            answer = http.getresponse()
            assert answer.status in (400, 415)
            assert answer.read()
            assert (answer.will_close, answer.getheader("Connection")) == (False, None)


@pytest.fixture
def slow(start_server: Callable[..., Server]) -> Iterator[Slow]:
    """A server, the path of a render that takes a second, and a function that starts it and returns its statuses."""
    server = start_server(RENDER_TIMEOUT_S="5")
    content = made.encoded("png", made.photograph(1_600, 1_200))
    _, _, answer = server.request("POST", "/images", content, **{"Content-Type": "image/png"})
    path = f"/images/{json.loads(answer)['id']}.jp2"
    statuses: list[int] = []

    def ask() -> None:
        try:
            statuses.append(server.request("GET", path)[0])
        except (OSError, HTTPException):
            statuses.append(0)

    asking = threading.Thread(target=ask)

    def start() -> list[int]:
        asking.start()
        wait_until(Rendition.objects.exists)
        time.sleep(0.2)
        return statuses

    yield server, path, start
    asking.join(30)


def _wait_for(statuses: list[int]) -> int:
    wait_until(lambda: bool(statuses), within_s=60)
    return statuses[0]


def _wait_until_right(server: Server, path: str) -> None:
    """Wait until the path is answered with an image; other answers are 422 and 503."""
    start = time.monotonic()
    while time.monotonic() < start + 90:
        try:
            status = server.request("GET", path)[0]
        except (OSError, HTTPException):
            status = 503
        if status == 200:
            return
        assert status in (422, 503)
        time.sleep(0.2)
    pytest.fail("the rendition never came")


def _find_web(server: Server) -> int:
    """Return the worker of granian. It has a forkserver, whose children render."""
    return next(pid for pid in children_of(server.process.pid) if children_of(pid))


class TestKilled:
    def test_child_in_mid_render(self, slow: Slow) -> None:
        """IMG-16: it may have been killed for another's sake, so the request gets a second try."""
        server, _, start = slow
        statuses = start()
        web = _find_web(server)
        for child in set(children_of(web, recursive=True)) - set(children_of(web)):
            os.kill(child, signal.SIGKILL)
        assert _wait_for(statuses) == 200

    def test_web_process_in_mid_render(self, slow: Slow) -> None:
        """Its lease ends by itself: nothing stays `rendering`, and no child is left behind."""
        server, path, start = slow
        statuses = start()
        web = _find_web(server)
        family = [web, *children_of(web, recursive=True)]
        os.kill(web, signal.SIGKILL)
        assert _wait_for(statuses) == 0
        _wait_until_right(server, path)
        assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def test_stop_lets_requests_end_and_leaves_no_process(slow: Slow) -> None:
    """F-16."""
    server, _, start = slow
    statuses = start()
    family = [server.process.pid, *children_of(server.process.pid, recursive=True)]
    server.process.terminate()
    server.process.wait(60)
    assert _wait_for(statuses) == 200
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))
