"""The client of applications that run on asyncio: `async with AsyncClient() as client`.

What each method takes, sends and returns is in calls.py; it is to be awaited, or iterated by `async for`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from progimage.calls.call import Call, describe, next_page
from progimage.calls.options import Description
from progimage.calls.results import Page, UploadResult
from progimage.wire.bodies import Body, Source, draw
from progimage.wire.retries import connection_failed, error_of
from progimage.wire.settings import Connection, Settings

from .calls import all_calls
from .errors import ProgImageError

P = ParamSpec("P")
T = TypeVar("T")


def _method(build: Callable[P, Call[T]]) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        # An upload reads its file here.
        return await self._send(await asyncio.to_thread(build, *args, **kwargs))

    describe(method, build)
    return method


def _pages(build: Callable[P, Call[Page[T]]]) -> Callable[Concatenate["AsyncClient", P], AsyncIterator[T]]:
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = await self._send(call)
            for row in page.rows:
                yield row
            call = next_page(call, page)

    describe(method, build)
    return method


class AsyncClient(Connection):
    """As Client, with the same methods. It belongs to the event loop that it is first used in."""

    def __init__(self, url: str | None = None, **settings: Unpack[Settings]) -> None:
        super().__init__(url, **settings)
        self._http = httpx.AsyncClient(**self._options)
        self._sleep = asyncio.sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

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

    async def upload_many(
        self, sources: Iterable[Source], *, concurrency: int = 4, **description: Unpack[Description]
    ) -> AsyncGenerator[UploadResult, None]:
        """As Client's. To stop early (`aclose`) cancels what is on its way."""
        failures: list[Exception] = []
        waiting = draw(sources, concurrency=concurrency, failures=failures)
        first = islice(waiting, concurrency)
        running = {asyncio.create_task(self._try_upload(source, description)) for source in first}
        try:
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                more = islice(waiting, len(done))
                running |= {asyncio.create_task(self._try_upload(source, description)) for source in more}
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if failures:
            raise failures[0]

    async def _try_upload(self, source: Source, description: Description) -> UploadResult:
        try:
            return UploadResult(source, image=await self.upload(source, **description))
        except (ProgImageError, OSError) as error:
            return UploadResult(source, error=error)

    async def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return await self._attempt(call, attempt)
            except ProgImageError as error:
                wait_s = self._retries.wait_s(error, attempt)
                if wait_s is None:
                    raise
            await self._sleep(wait_s)
            attempt += 1

    async def _attempt(self, call: Call[T], attempt: int) -> T:
        url = str(call.address)
        content = _chunks(call.body) if isinstance(call.body, Body) else call.body
        sending = self._http.stream(call.method, url, headers=call.headers, content=content)
        try:
            with call.receive() as receiver:
                async with sending as response:
                    if not call.is_done(response.status_code, attempt):
                        await response.aread()
                        raise error_of(response)
                    async for chunk in response.aiter_bytes():
                        receiver.write(chunk)
                    return receiver.finish(response.headers)
        except httpx.RequestError as error:
            raise connection_failed(error) from error


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    for chunk in body:
        yield chunk
