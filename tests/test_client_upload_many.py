"""Client.upload_many: parallel, bounded, and a result for each source."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from images.models import Rendition
from progimage import Client, errors
from tests.conftest import make_api
from tests.support import images as made
from tests.support.clients import (
    IMAGE,
    KEY,
    PNG,
    URL,
    Script,
    answering,
    application,
)


class TestUploadMany:
    @pytest.mark.django_db(transaction=True)
    def test_each_source_has_its_result(self, tmp_path: Path) -> None:
        sources = [tmp_path / f"{number}.png" for number in range(8)]
        for number, source in enumerate(sources):
            source.write_bytes(made.encoded("png", made.picture(10 + number, 10)))
        broken, missing = b"nothing", tmp_path / "missing"
        client = Client(URL, api_key=make_api("alice").key, transport=application())
        results = {
            result.source: result
            for result in client.upload_many(
                [broken, *sources, missing], concurrency=3, tags=["bulk"], eager=["w=5&format=webp"]
            )
        }
        assert Rendition.objects.filter(state="waiting").count() == len(sources)
        assert set(results) == {broken, missing, *sources}
        assert isinstance(results[broken].error, errors.UnsupportedFormat)
        assert isinstance(results[missing].error, FileNotFoundError)
        stored = [results[source].image for source in sources]
        assert [image and (image.width, image.tags) for image in stored] == [
            (10 + number, ("bulk",)) for number in range(8)
        ]

    def test_it_is_parallel_and_bounded(self) -> None:
        meeting, threads = threading.Barrier(3, timeout=10), set()

        def answer(request: httpx.Request) -> httpx.Response:
            threads.add(threading.get_ident())
            meeting.wait()
            return httpx.Response(201, json=IMAGE)

        client = Client(URL, api_key=KEY, transport=httpx.MockTransport(answer))
        assert len(list(client.upload_many([PNG] * 9, concurrency=3))) == 9
        assert len(threads) == 3

    def test_who_stops_early_begins_no_more(self) -> None:
        script = Script(answering(201, IMAGE))
        results = script.client()[0].upload_many(iter([PNG] * 100), concurrency=2)
        next(results)
        results.close()
        assert len(script.requests) <= 4
        assert not [thread for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name]

    def test_sources_that_fail_lose_no_result(self) -> None:
        def sources() -> Iterator[bytes]:
            yield from [PNG] * 3
            raise LookupError("no more of them")

        seen = []
        with pytest.raises(LookupError, match="no more"):  # noqa: PT012
            for result in Script(answering(201, IMAGE)).client()[0].upload_many(sources(), concurrency=2):
                seen.append(result)  # noqa: PERF402 - a list would be lost by the exception
        assert len(seen) == 3

    @pytest.mark.parametrize("concurrency", [0, -1, 101])
    def test_concurrency_is_bounded(self, concurrency: int) -> None:
        with pytest.raises(errors.ParameterError, match="concurrency"):
            next(Script().client()[0].upload_many([PNG], concurrency=concurrency))
