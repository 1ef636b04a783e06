"""The asyncio client: `async with AsyncClient() as client`.

It has the methods of client.py. They are awaited; those that yield are iterated by `async for`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from progimage.calls.call import Call, describe, find_next_page, name_methods
from progimage.calls.options import ManyUploadsOptions
from progimage.calls.results import Page, UploadResult
from progimage.wire.bodies import Body, draw_sources
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
) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        # An upload reads its file while its call is built. A thread does it, so that the event loop goes on.
        call = await asyncio.to_thread(build, *args, **kwargs)
        return await self._send(call)

    describe(method, build)
    return method


def _pages(
    build: Callable[P, Call[Page[T]]],
) -> Callable[Concatenate["AsyncClient", P], AsyncIterator[T]]:
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = await self._send(call)
            for row in page.rows:
                yield row
            call = find_next_page(call, page)

    describe(method, build)
    return method


class AsyncClient(BaseClient):
    """A client for asyncio, with the methods of Client. It belongs to the event loop that first uses it."""

    def _open(self, options: dict[str, Any]) -> None:
        self._http = httpx.AsyncClient(**options)
        self._sleep = asyncio.sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

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
    async def upload_many(
        self,
        sources: Iterable[Source],
        *,
        concurrency: int = 4,
        **description: Unpack[ManyUploadsOptions],
    ) -> AsyncGenerator[UploadResult, None]:
        """Store images concurrently, and yield the result of each upload when it ends.

        `sources` may be an iterator of any length: the next source is drawn when an upload ends. If the
        caller stops early (`aclose`), the running uploads are cancelled."""
        failures: list[Exception] = []
        remaining = draw_sources(sources, concurrency=concurrency, failures=failures)
        first_sources = islice(remaining, concurrency)

        def start(source: Source) -> asyncio.Task[UploadResult]:
            return asyncio.create_task(self._try_upload(source, description))

        running = {start(source) for source in first_sources}
        try:
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                next_sources = islice(remaining, len(done))
                running |= {start(source) for source in next_sources}
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if failures:
            raise failures[0]

    async def _try_upload(self, source: Source, description: ManyUploadsOptions) -> UploadResult:
        try:
            image = await self.upload(source, **description)
        except ProgImageError as error:
            return UploadResult(source, error=error)
        return UploadResult(source, image=image)

    async def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return await self._attempt(call, attempt)
            except ProgImageError as error:
                wait_s = self._retries.find_wait_s(error, attempt)
                if wait_s is None:
                    raise
                attempt = next_attempt(error, attempt)
            await self._sleep(wait_s)

    async def _attempt(self, call: Call[T], attempt: int) -> T:
        content = _chunks(call.body) if isinstance(call.body, Body) else call.body
        exchange = self._http.stream(
            call.method,
            str(call.address),
            headers=call.headers,
            content=content,
        )
        try:
            with call.receive() as receiver:
                async with exchange as response:
                    if not call.is_done(response.status_code, attempt):
                        await response.aread()
                        raise error_of(response)
                    call.check_media_type(response.status_code, response.headers)
                    async for chunk in response.aiter_bytes():
                        receiver.write(chunk)
                    # The result may be a pipe that another task of this event loop reads.
                    return await asyncio.to_thread(receiver.finish, response.headers)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise failure_of(error) from error


name_methods(AsyncClient)


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    for chunk in body:
        yield chunk
