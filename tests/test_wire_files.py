"""Files that change, vanish or cannot be read: each one is an error of the client, over real connections, too."""

import asyncio
import codecs
import errno
import io
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from progimage import AsyncClient, Client, ProgImageError, errors
from progimage.wire.bodies import raw_body
from progimage.wire.files import bytes_part, file_part
from tests.support.clients import IMAGE, KEY, PNG, Script, answering

CHUNK_BYTES = 64 * 1024


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def turn_into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES = [
    pytest.param(grow, errors.FileChanged, "more bytes", id="grows"),
    pytest.param(shrink, errors.FileChanged, "fewer bytes", id="shrinks"),
    pytest.param(lambda path: os.truncate(path, 0), errors.FileChanged, "fewer bytes", id="is emptied"),
    pytest.param(Path.unlink, errors.FileMissing, "No such file", id="vanishes"),
    pytest.param(turn_into_folder, errors.FileUnreadable, "directory", id="becomes a folder"),
]


def closed(folder: Path) -> Any:
    file = io.BytesIO(PNG)
    file.close()
    return file


def written(folder: Path) -> Any:
    return (folder / "new").open("wb")


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def text_of_codecs(folder: Path) -> Any:
    (folder / "text").write_text("words")
    return codecs.open(str(folder / "text"), "r", "utf-8")


class Busy(BaseHTTPRequestHandler):
    """Answers each request with 503, and notes whether its body came whole."""

    received: list[bool]

    def do_POST(self) -> None:
        size_bytes = int(self.headers["Content-Length"])
        content = self.rfile.read(size_bytes)
        self.received.append(len(content) == size_bytes)
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def busy_server() -> Iterator[tuple[str, list[bool]]]:
    received: list[bool] = []
    handler = type("Handler", (Busy,), {"received": received})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hill.png"
    path.write_bytes(PNG * 300)  # more than one chunk
    return path


class TestFileThatChanges:
    """It changes between two tries of one upload. The engine of httpx would raise its own error."""

    @pytest.mark.parametrize(("change", "error", "words"), CHANGES)
    @pytest.mark.parametrize("call", ["upload", "transform"])
    def test_is_an_error_of_the_client(
        self, path: Path, call: str, change: Callable[[Path], None], error: Any, words: str
    ) -> None:
        with busy_server() as (url, received), Client(url, api_key=KEY) as client:
            client._sleep = lambda _: change(path)
            send = client.upload if call == "upload" else partial(client.transform, transform="grayscale")
            with pytest.raises(error, match=words) as raised:
                send(path)
        assert "hill.png" in str(raised.value)
        assert isinstance(raised.value, ProgImageError)
        assert received[0]
        assert not any(received[1:]), "the server never gets a complete body"

    @pytest.mark.parametrize(("change", "error", "words"), CHANGES)
    def test_is_one_of_an_async_client(
        self, path: Path, change: Callable[[Path], None], error: Any, words: str
    ) -> None:
        async def upload(url: str) -> None:
            async def sleep(_: float) -> None:
                change(path)

            async with AsyncClient(url, api_key=KEY) as client:
                client._sleep = sleep  # type: ignore[assignment]
                await client.upload(path)

        with busy_server() as (url, _), pytest.raises(error, match=words):
            asyncio.run(upload(url))

    @pytest.mark.parametrize(("change", "error", "words"), CHANGES)
    def test_is_a_result_of_many(
        self, path: Path, change: Callable[[Path], None], error: Any, words: str
    ) -> None:
        with busy_server() as (url, _), Client(url, api_key=KEY) as client:
            client._sleep = lambda _: change(path)
            (result,) = client.upload_many([path])
        assert type(result.error) is error
        assert (result.source, result.image) == (path, None)


@pytest.mark.parametrize(
    "size_bytes", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES], ids=str
)
class TestSizes:
    def test_an_unchanged_file_is_sent_whole(self, tmp_path: Path, size_bytes: int) -> None:
        path = tmp_path / "x"
        path.write_bytes(os.urandom(size_bytes))
        assert b"".join(file_part(path)) == path.read_bytes()

    def test_growth_is_noticed_before_the_last_byte_is_sent(self, tmp_path: Path, size_bytes: int) -> None:
        path = tmp_path / "x"
        path.write_bytes(bytes(size_bytes))
        part = file_part(path)
        grow(path)
        sent = 0
        with pytest.raises(errors.FileChanged):  # noqa: PT012
            for chunk in part:
                sent += len(chunk)
        assert sent < max(1, size_bytes)


class TestSources:
    def test_an_open_file_is_sent_from_its_position_for_each_part(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(4)
            first, second = file_part(file), file_part(file)
            assert b"".join(first) == b"".join(second) == path.read_bytes()[4:]

    @pytest.mark.parametrize(
        ("make", "error"),
        [
            pytest.param(lambda folder: folder / "missing", errors.FileMissing, id="missing"),
            pytest.param(lambda folder: folder, errors.FileUnreadable, id="folder"),
            pytest.param(lambda folder: str(folder / "a\0b"), errors.FileUnreadable, id="NUL in its name"),
            pytest.param(lambda folder: "\ud800.png", errors.FileUnreadable, id="no name of this system"),
            pytest.param(lambda folder: folder / ("x" * 300), errors.FileUnreadable, id="name too long"),
            pytest.param(closed, errors.FileUnreadable, id="closed"),
            pytest.param(written, errors.FileUnreadable, id="open for writing"),
            pytest.param(lambda folder: "/dev/zero", errors.ParameterError, id="device without an end"),
            pytest.param(fifo, errors.ParameterError, id="named pipe"),
            pytest.param(text_of_codecs, errors.ParameterError, id="text of codecs"),
            pytest.param(lambda folder: io.StringIO("x"), errors.ParameterError, id="text in memory"),
        ],
    )
    def test_one_that_cannot_be_sent_is_a_result_and_an_error(
        self, tmp_path: Path, make: Callable[[Path], Any], error: Any
    ) -> None:
        script = Script(answering(201, IMAGE))
        client, _ = script.client()
        with ExitStack() as opened:
            source = make(tmp_path)
            if hasattr(source, "close"):
                opened.callback(source.close)
            with pytest.raises(error):
                client.upload(source)
            results = {result.image is None: result for result in client.upload_many([source, PNG])}
        assert type(results[True].error) is error
        assert results[False].source == PNG
        assert len(script.requests) == 1

    def test_the_error_is_pythons_own_as_well(self, tmp_path: Path) -> None:
        missing = tmp_path / "missing.png"
        with pytest.raises(FileNotFoundError) as raised:
            file_part(missing)
        error = raised.value
        assert isinstance(error, errors.FileMissing)
        assert (error.errno, str(error.filename)) == (errno.ENOENT, str(missing))
        assert error.strerror == os.strerror(errno.ENOENT)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.errno, str(again)) == (errors.FileMissing, errno.ENOENT, str(error))

    def test_bytes_are_one_part(self) -> None:
        assert list(bytes_part(b"abc")) == [b"abc"]
        assert list(raw_body(b"")) == []
