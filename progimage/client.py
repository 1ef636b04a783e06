"""The client of applications that wait for their answers: `with Client() as client`.

What each method takes, sends and returns is in calls.py; async_client.py is the same for asyncio."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from progimage.calls.call import Call, describe, next_page
from progimage.calls.options import Description
from progimage.calls.results import Page, UploadResult
from progimage.wire.bodies import Source, draw
from progimage.wire.retries import connection_failed, error_of
from progimage.wire.settings import Connection, Settings

from .calls import all_calls
from .errors import ProgImageError

P = ParamSpec("P")
T = TypeVar("T")


def _method(build: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._send(build(*args, **kwargs))

    describe(method, build)
    return method


def _pages(build: Callable[P, Call[Page[T]]]) -> Callable[Concatenate["Client", P], Iterator[T]]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = self._send(call)
            yield from page.rows
            call = next_page(call, page)

    describe(method, build)
    return method


class Client(Connection):
    """Without `url` and `api_key` it takes PROGIMAGE_URL and PROGIMAGE_API_KEY. Threads may share one.

    Every method that asks the server raises the errors of progimage.errors, after its retries."""

    def __init__(self, url: str | None = None, **settings: Unpack[Settings]) -> None:
        super().__init__(url, **settings)
        self._http = httpx.Client(**self._options)
        self._sleep = time.sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    upload = _method(all_calls.upload)
    upload_url = _method(all_calls.upload_url)
    get = _method(all_calls.get)
    list = _pages(all_calls.list_images)
    update = _method(all_calls.update)
    delete = _method(all_calls.delete)
    download = _method(all_calls.download)
    transform = _method(all_calls.transform)
    derive = _method(all_calls.derive)
    archive = _method(all_calls.archive)
    renditions = _pages(all_calls.renditions)
    purge_renditions = _method(all_calls.purge_renditions)
    create_upload_url = _method(all_calls.create_upload_url)

    def upload_many(
        self, sources: Iterable[Source], *, concurrency: int = 4, **description: Unpack[Description]
    ) -> Generator[UploadResult, None, None]:
        """Store images side by side, and yield what became of each as it is known, in no order.

        `sources` are drawn as there is room. To stop early waits for what is on its way, no more begins."""
        failures: list[Exception] = []
        waiting = draw(sources, concurrency=concurrency, failures=failures)
        first = tuple(islice(waiting, concurrency))
        with ThreadPoolExecutor(concurrency) as pool:
            running = {pool.submit(self._try_upload, source, description) for source in first}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                more = islice(waiting, len(done))
                running |= {pool.submit(self._try_upload, source, description) for source in more}
                yield from (future.result() for future in done)
        if failures:
            raise failures[0]

    def _try_upload(self, source: Source, description: Description) -> UploadResult:
        try:
            return UploadResult(source, image=self.upload(source, **description))
        except (ProgImageError, OSError) as error:
            return UploadResult(source, error=error)

    def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return self._attempt(call, attempt)
            except ProgImageError as error:
                wait_s = self._retries.wait_s(error, attempt)
                if wait_s is None:
                    raise
            self._sleep(wait_s)
            attempt += 1

    def _attempt(self, call: Call[T], attempt: int) -> T:
        url = str(call.address)
        sending = self._http.stream(call.method, url, headers=call.headers, content=call.body)
        try:
            with call.receive() as receiver, sending as response:
                if not call.is_done(response.status_code, attempt):
                    response.read()
                    raise error_of(response)
                for chunk in response.iter_bytes():
                    receiver.write(chunk)
                return receiver.finish(response.headers)
        except httpx.RequestError as error:
            raise connection_failed(error) from error
