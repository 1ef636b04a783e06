"""The blocking client: `with Client() as client`.

The functions of `calls/` say which parameters each method takes, which request it sends and which result it
returns. async_client.py is the same for asyncio."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from progimage.calls.call import Call, describe, find_next_page, name_methods
from progimage.calls.options import ManyUploadsOptions
from progimage.calls.results import Page, UploadResult
from progimage.wire.bodies import draw_sources
from progimage.wire.files import Source
from progimage.wire.retries import error_of, failure_of, next_attempt
from progimage.wire.settings import BaseClient
from progimage.wire.signatures import show_options

from .calls import images, transforms, uploads
from .errors import ProgImageError

P = ParamSpec("P")
T = TypeVar("T")


def _method(
    build: Callable[P, Call[T]],
) -> Callable[Concatenate["Client", P], T]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = build(*args, **kwargs)
        return self._send(call)

    describe(method, build)
    return method


def _pages(
    build: Callable[P, Call[Page[T]]],
) -> Callable[Concatenate["Client", P], Iterator[T]]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = self._send(call)
            yield from page.rows
            call = find_next_page(call, page)

    describe(method, build)
    return method


class Client(BaseClient):
    """A blocking client. Threads may share one.

    If `url` or `api_key` is not given, it comes from PROGIMAGE_URL or PROGIMAGE_API_KEY. `timeout_s` limits
    each wait for the next part of a response, and `max_retries` how often a request is repeated. `transport`
    is httpx's, for tests. Each method that sends a request raises an error of progimage.errors if the request
    fails after its retries."""

    def _open(self, options: dict[str, Any]) -> None:
        self._http = httpx.Client(**options)
        self._sleep = time.sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    upload = _method(uploads.upload)
    upload_url = _method(uploads.upload_url)
    get = _method(images.get)
    list = _pages(images.list_images)
    update = _method(images.update)
    delete = _method(images.delete)
    download = _method(images.download)
    transform = _method(transforms.transform)
    derive = _method(transforms.derive)
    plan = _method(transforms.plan)
    operations = _method(transforms.operations)
    archive = _method(images.archive)
    renditions = _pages(images.renditions)
    make_renditions = _method(images.make_renditions)
    purge_renditions = _method(images.purge_renditions)
    create_upload_url = _method(uploads.create_upload_url)

    @show_options
    def upload_many(
        self,
        sources: Iterable[Source],
        *,
        concurrency: int = 4,
        **description: Unpack[ManyUploadsOptions],
    ) -> Generator[UploadResult, None, None]:
        """Store images concurrently, and yield the result of each upload when it ends.

        `sources` may be an iterator of any length: the next source is drawn when an upload ends. If the
        caller stops early, no more uploads start, and the client waits for the running ones."""
        failures: list[Exception] = []
        remaining = draw_sources(sources, concurrency=concurrency, failures=failures)
        first_sources = tuple(islice(remaining, concurrency))
        with ThreadPoolExecutor(concurrency) as pool:

            def start(source: Source) -> Future[UploadResult]:
                return pool.submit(self._try_upload, source, description)

            running = {start(source) for source in first_sources}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                next_sources = islice(remaining, len(done))
                running |= {start(source) for source in next_sources}
                for future in done:
                    yield future.result()
        if failures:
            raise failures[0]

    def _try_upload(self, source: Source, description: ManyUploadsOptions) -> UploadResult:
        try:
            image = self.upload(source, **description)
        except ProgImageError as error:
            return UploadResult(source, error=error)
        return UploadResult(source, image=image)

    def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return self._attempt(call, attempt)
            except ProgImageError as error:
                wait_s = self._retries.find_wait_s(error, attempt)
                if wait_s is None:
                    raise
                attempt = next_attempt(error, attempt)
            self._sleep(wait_s)

    def _attempt(self, call: Call[T], attempt: int) -> T:
        exchange = self._http.stream(
            call.method,
            str(call.address),
            headers=call.headers,
            content=call.body,
        )
        try:
            with call.receive() as receiver, exchange as response:
                if not call.is_done(response.status_code, attempt):
                    response.read()
                    raise error_of(response)
                call.check_media_type(response.status_code, response.headers)
                for chunk in response.iter_bytes():
                    receiver.write(chunk)
                return receiver.finish(response.headers)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise failure_of(error) from error


name_methods(Client)
