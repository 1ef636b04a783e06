"""AsyncClient: the same calls, sent from an event loop. The contents of calls are tested with Client."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest

from progimage import AsyncClient, Client, errors
from tests.conftest import make_api
from tests.support import images as made
from tests.support.clients import IMAGE, KEY, URL, InThread, Script, answering

PNG = made.encoded("png")
ID = IMAGE["id"]
T = TypeVar("T")


def run(
    work: Callable[[AsyncClient], Awaitable[T]], transport: httpx.AsyncBaseTransport, key: str = KEY
) -> T:
    """Work with a client whose waits between tries take no time."""

    async def within() -> T:
        async with AsyncClient(URL, api_key=key, transport=transport) as client:
            client._sleep = lambda _: asyncio.sleep(0)  # type: ignore[assignment]
            return await work(client)

    return asyncio.run(within())


async def collected(rows: AsyncIterator[T]) -> list[T]:
    return [row async for row in rows]


def test_both_clients_have_the_same_methods() -> None:
    def methods(client: type) -> dict[str, Any]:
        own = inspect.getmembers(client, inspect.isfunction)
        return {name: inspect.signature(method).parameters for name, method in own if name[0] != "_"}

    assert methods(Client) == methods(AsyncClient)
    assert {"upload", "upload_many", "list", "download", "signed_url"} <= methods(Client).keys()


@pytest.mark.django_db(transaction=True)
def test_with_the_real_application(tmp_path: Path) -> None:
    path, broken = tmp_path / "hill.png", b"nothing"
    path.write_bytes(PNG)

    async def work(client: AsyncClient) -> None:
        image = await client.upload(path, tags=["a"])
        assert (image.filename, image.tags, await client.get(image.id)) == ("hill.png", ("a",), image)
        assert await client.download(image.id) == PNG
        target = await client.download(image.id, to=tmp_path / "hill.webp", format="webp", w=30)
        assert made.pixels(target.read_bytes()).shape == (20, 30, 3)
        results = await collected(client.upload_many([path, broken, tmp_path / "missing"], concurrency=2))
        assert {type(result.error) for result in results} == {
            type(None),
            errors.UnsupportedFormat,
            errors.FileMissing,
        }
        with pytest.raises(errors.NotFound) as raised:
            await client.get(uuid4())
        assert raised.value.request_id

    run(work, InThread(), key=make_api("alice").key)


class TestSending:
    @pytest.mark.parametrize(
        "failure", [pytest.param(answering(503), id="503"), pytest.param(httpx.ReadError(""), id="lost")]
    )
    def test_an_upload_is_sent_again_whole(self, failure: Any, tmp_path: Path) -> None:
        path = tmp_path / "x.png"
        path.write_bytes(PNG)
        script = Script(failure, failure, answering(201, IMAGE))
        run(lambda client: client.upload(path), script.transport)
        sent = [(request.content, request.headers["Idempotency-Key"]) for request in script.requests]
        assert sent == [(PNG, sent[0][1])] * 3
        assert "Transfer-Encoding" not in script.requests[0].headers

    def test_what_stays_is_raised(self) -> None:
        script = Script(answering(404, {"code": "not_found", "detail": "No"}))
        with pytest.raises(errors.NotFound, match="No"):
            run(lambda client: client.delete(ID), script.transport)
        assert len(script.requests) == 1

    def test_no_answer(self) -> None:
        script = Script(httpx.ConnectError("refused"))
        with pytest.raises(errors.ConnectionFailed, match="ConnectError: refused"):
            run(lambda client: client.get(ID), script.transport)
        assert len(script.requests) == 3

    def test_a_file_appears_whole_or_not_at_all(self, tmp_path: Path) -> None:
        script = Script(answering(200, PNG, Repr_Digest="sha-256=:AAAA:"))
        with pytest.raises(errors.ConnectionFailed):
            run(lambda client: client.download(ID, to=tmp_path / "x"), script.transport)
        assert list(tmp_path.iterdir()) == []

    def test_a_list_pages_by_itself(self) -> None:
        ids = [str(uuid4()) for _ in range(2)]
        script = Script(
            answering(200, {"images": [IMAGE | {"id": ids[0]}], "next": "c"}),
            answering(200, {"images": [IMAGE | {"id": ids[1]}], "next": None}),
        )
        images = run(lambda client: collected(client.list(tag="x")), script.transport)
        assert [image.id for image in images] == [UUID(image_id) for image_id in ids]
        assert [request.url.params.get("cursor") for request in script.requests] == [None, "c"]


class Slow(httpx.AsyncBaseTransport):
    """Answers the first `quick` requests after a moment, and counts the requests that are under way."""

    def __init__(self, quick: int = 1_000) -> None:
        self.quick = quick
        self.begun = self.running = self.most = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.01 if self.begun <= self.quick else 60)
            return httpx.Response(201, json=IMAGE)
        finally:
            self.running -= 1


class TestUploadMany:
    def test_it_is_parallel_and_bounded(self) -> None:
        slow = Slow()
        results = run(lambda client: collected(client.upload_many([PNG] * 9, concurrency=3)), slow)
        assert (len(results), slow.begun, slow.most) == (9, 9, 3)

    def test_who_stops_early_leaves_nothing_running(self) -> None:
        slow = Slow(quick=1)

        async def work(client: AsyncClient) -> None:
            results = client.upload_many([PNG] * 100, concurrency=4)
            await anext(results)
            async with asyncio.timeout(10):
                await results.aclose()
            assert (slow.running, slow.most) == (0, 4)
            assert slow.begun <= 5

        run(work, slow)

    def test_sources_that_fail_lose_no_result(self) -> None:
        seen = []

        def sources() -> Iterator[bytes]:
            yield from [PNG] * 3
            raise LookupError("no more of them")

        async def work(client: AsyncClient) -> None:
            async for result in client.upload_many(sources(), concurrency=2):
                seen.append(result)  # noqa: PERF401 - a list would be lost by the exception

        with pytest.raises(LookupError, match="no more"):
            run(work, Slow())
        assert len(seen) == 3
