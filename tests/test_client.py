"""The client against the real application; what is sent against a server that follows a script."""

import hashlib
import io
import os
import stat
import subprocess
import sys
import threading
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from images import models
from images.storage import originals
from progimage import Archive, Client, Image, Output, ProgImageError, Transform, errors
from progimage.operations import Resize
from progimage.text_form import parse_query
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.clients import IMAGE, KEY, URL, Script, answering, application, kept_connection
from tests.support.remote_servers import open_the_way, respond, serve
from tests.test_layout import ROOT

PNG = made.encoded("png")
ID = IMAGE["id"]


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with kept_connection(), Client(URL, api_key=api.key, transport=application()) as client:
        yield client


@pytest.fixture
def sample(client: Client) -> Image:
    return client.upload(PNG)


class TestUpload:
    def test_image_has_the_types_it_promises(self, client: Client) -> None:
        before = datetime.now(UTC) - timedelta(seconds=5)
        image = client.upload(
            PNG,
            filename="hill.png",
            tags=["evening", "Hügel & Täler"],
            metadata={"shot": 7, "by": "Ö"},
            visibility="public",
        )
        assert isinstance(image.id, UUID)
        assert image.id.version == 7
        assert (image.format, image.media_type) == ("png", "image/png")
        assert (image.width, image.height, image.frames) == (made.WIDTH, made.HEIGHT, 1)
        assert (image.bytes, image.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())
        assert (image.has_alpha, image.orientation) == (False, 1)
        assert (image.filename, image.visibility) == ("hill.png", "public")
        assert (image.tags, image.metadata) == (("evening", "Hügel & Täler"), {"shot": 7, "by": "Ö"})
        assert before < image.created_at < datetime.now(UTC)
        assert (image.focal_point, image.replaced_by) == (None, None)
        assert image.urls["original"] == client.url(image.id)
        assert len({image, client.get(image.id)}) == 1

    @pytest.mark.parametrize(
        ("open_source", "filename"),
        [
            pytest.param(lambda path: path, "a b+ü.png", id="path"),
            pytest.param(str, "a b+ü.png", id="path as text"),
            pytest.param(lambda path: path.read_bytes(), "", id="bytes"),
            pytest.param(lambda path: path.open("rb"), "a b+ü.png", id="open file"),
            pytest.param(lambda path: io.BytesIO(path.read_bytes()), "", id="file in memory"),
        ],
    )
    def test_sources(self, client: Client, tmp_path: Path, open_source: Any, filename: str) -> None:
        path = tmp_path / "a b+ü.png"
        path.write_bytes(PNG)
        with ExitStack() as opened:
            source = open_source(path)
            if hasattr(source, "close"):
                opened.enter_context(source)
            image = client.upload(source)
            assert (client.download(image.id), image.filename) == (PNG, filename)
            assert not getattr(source, "closed", False), "the file is its owner's to close"

    def test_a_file_is_read_from_where_it_stands(self, client: Client, tmp_path: Path) -> None:
        path = tmp_path / "with-head"
        path.write_bytes(b"head" + PNG)
        with path.open("rb") as file:
            file.seek(4)
            assert client.upload(file).sha256 == hashlib.sha256(PNG).hexdigest()

    def test_a_description_too_long_for_a_query_is_kept(self, client: Client) -> None:
        metadata = {"text": "ü" * 7_000, "quote": '"\r\n--'}
        image = client.upload(PNG, metadata=metadata, tags=["a", "b"], filename="x.png", visibility="public")
        assert (image.metadata, image.tags, image.filename) == (metadata, ("a", "b"), "x.png")
        assert (image.visibility, client.download(image.id)) == ("public", PNG)
        script = Script(answering(201, IMAGE))
        script.client()[0].upload(PNG, metadata=metadata)
        (request,) = script.requests
        assert str(request.url) == f"{URL}/images"
        assert request.headers["Content-Length"] == str(len(request.content))

    def test_replaces(self, client: Client, sample: Image) -> None:
        successor = client.upload(made.encoded("webp"), replaces=sample.id)
        assert client.get(sample.id).replaced_by == successor.id

    def test_what_is_sent(self) -> None:
        script = Script(answering(201, IMAGE))
        client, _ = script.client()
        client.upload(PNG, tags=(name for name in ("one", "two")), idempotency_key="mine-1")  # type: ignore[arg-type]
        (request,) = script.requests
        digest = b64encode(hashlib.sha256(PNG).digest()).decode()
        assert str(request.url) == f"{URL}/images?tags=one&tags=two"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["User-Agent"].startswith("progimage-client/")
        assert request.headers["Content-Type"].startswith("image/")
        assert request.headers["Content-Length"] == str(len(PNG))
        assert "Transfer-Encoding" not in request.headers
        assert request.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert request.headers["Idempotency-Key"] == "mine-1"
        assert request.content == PNG

    @pytest.mark.parametrize(
        ("source", "options", "message"),
        [
            pytest.param(io.StringIO("text"), {}, "seekable file of bytes", id="file of text"),
            pytest.param(7, {}, "but received int", id="no source"),
            pytest.param(PNG, {"tags": ["a,b"]}, "without commas", id="tag with a comma"),
        ],
    )
    def test_what_cannot_be_sent_is_refused_before_anything_is(
        self, source: Any, options: Any, message: str
    ) -> None:
        script = Script(answering(201, IMAGE))
        with pytest.raises(errors.ParameterError, match=message):
            script.client()[0].upload(source, **options)
        assert script.requests == []

    def test_a_pipe_is_refused(self) -> None:
        reading, writing = os.pipe()
        os.close(writing)
        with open(reading, "rb") as pipe, pytest.raises(errors.ParameterError, match="BufferedReader"):  # noqa: PTH123
            Script().client()[0].upload(pipe)

    def test_a_missing_file_is_pythons_own_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Script().client()[0].upload(tmp_path / "missing")


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
            for result in client.upload_many([broken, *sources, missing], concurrency=3, tags=["bulk"])
        }
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


class TestDownload:
    def test_formats_and_short_parameters(self, client: Client, sample: Image) -> None:
        thumbnail = client.download(sample.id, format="webp", w=60, h=60, fit="cover", q=70)
        assert made.pixels(thumbnail).shape == (60, 60, 3)
        assert thumbnail[8:12] == b"WEBP"

    def test_spellings_of_a_transform_are_one(self, client: Client, sample: Image) -> None:
        transform = Transform((Resize(width=30),), Output(format="jpeg", quality=40))
        results = {
            client.download(sample.id, transform=transform),
            client.download(sample.id, format="jpeg", transform="resize:30", q=40),
            client.download(str(sample.id), format="jpeg", w=30, quality=40),
        }
        assert len(results) == 1

    def test_to_a_file(self, client: Client, sample: Image, tmp_path: Path) -> None:
        target = tmp_path / "thumbnail.png"
        target.write_bytes(b"an older one")
        with target.open("rb") as older:
            assert client.download(sample.id, to=str(target), format="png", w=30) == target
            assert older.read() == b"an older one", "who reads it meanwhile reads it whole"
        assert target.read_bytes() == client.download(sample.id, format="png", w=30)
        umask = os.umask(0o22)
        os.umask(umask)
        assert stat.S_IMODE(target.stat().st_mode) == 0o644 if umask == 0o22 else 0o666 & ~umask
        assert list(tmp_path.iterdir()) == [target]

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(answering(404), id="error"),
            pytest.param(httpx.ReadError("reset"), id="connection lost"),
            pytest.param(answering(200, b"part", Repr_Digest="sha-256=:AAAA:"), id="damaged"),
        ],
    )
    def test_a_file_appears_whole_or_not_at_all(self, tmp_path: Path, failure: Any) -> None:
        target = tmp_path / "original"
        target.write_bytes(b"an older one")
        with pytest.raises(ProgImageError):
            Script(failure).client()[0].download(ID, to=target)
        assert (list(tmp_path.iterdir()), target.read_bytes()) == ([target], b"an older one")

    def test_damage_is_noticed_and_asked_for_again(self) -> None:
        digest = b64encode(hashlib.sha256(PNG).digest()).decode()
        header = f"sha-512=:AAAA:, sha-256=:{digest}:"
        script = Script(answering(200, PNG[:-1], Repr_Digest=header), answering(200, PNG, Repr_Digest=header))
        client, waited = script.client()
        assert client.download(ID) == PNG
        assert len(waited) == 1

    def test_a_folder_that_is_missing_is_pythons_own_error(self, tmp_path: Path) -> None:
        script = Script(answering(200, PNG))
        with pytest.raises(FileNotFoundError):
            script.client()[0].download(ID, to=tmp_path / "missing" / "x.png")
        assert script.requests == []


class TestUrls:
    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            pytest.param({}, "", id="original"),
            pytest.param({"format": "webp"}, ".webp", id="format"),
            pytest.param({"format": None, "w": None}, "", id="None is not given"),
            pytest.param(
                {"format": "jpeg", "w": 300, "enlarge": True}, ".jpeg?w=300&enlarge=true", id="short"
            ),
            pytest.param({"fm": "png", "background": "#f80"}, ".png?background=%23f80", id="encoded once"),
            pytest.param({"format": "auto", "w": 9}, "?format=auto&w=9", id="negotiated"),
            pytest.param({"download": "a b&c.png", "v": 3}, "?download=a%20b%26c.png&v=3", id="beside"),
            pytest.param(
                {"format": "avif", "transform": "resize:width=300,fit=cover/resize:100", "q": 50},
                ".avif?transform=resize:width=300,fit=cover/resize:100&q=50",
                id="text form stays readable",
            ),
            pytest.param(
                {"transform": Transform((Resize(width=300, dpr=1.5),), Output(format="webp", lossless=True))},
                ".webp?transform=resize:width=300,dpr=1.5&lossless=true",
                id="a Transform",
            ),
        ],
    )
    def test_url(self, asked: dict[str, Any], expected: str) -> None:
        assert Script().client()[0].url(ID, **asked) == f"{URL}/images/{ID}{expected}"

    def test_a_transform_keeps_its_meaning_in_a_url(self) -> None:
        output = Output(format="jp2", quality=7, background="rgba(1, 2, 3, 0.5)", progressive=True)
        transform = Transform((Resize(width=9, height=8, fit="contain"), Resize(height=4, dpr=0.5)), output)
        parts = urlsplit(Script().client()[0].url(ID, transform=transform))
        understood = parse_query([*parse_qsl(parts.query), ("format", parts.path.rpartition(".")[2])])
        assert understood == transform

    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            pytest.param({"format": "webp", "widht": 3}, "/widht", id="unknown parameter"),
            pytest.param({"format": "webp", "w": 0}, "/w", id="out of range"),
            pytest.param({"format": "webp/../x"}, "/format", id="no format"),
            pytest.param({"w": 300}, "/format", id="transform without a format"),
            pytest.param({"transform": "blurred:", "format": "png"}, "/operations/0/op", id="no operation"),
            pytest.param(
                {"transform": Transform(output=Output(format="png")), "format": "webp"},
                "/fm",
                id="two formats",
            ),
            pytest.param(
                {"transform": "resize:3", "w": 4, "format": "png"}, "/w", id="two spellings at once"
            ),
        ],
    )
    def test_a_wrong_transform_is_refused_before_anything_is_sent(
        self, asked: dict[str, Any], pointer: str
    ) -> None:
        client, _ = Script().client()
        for method in (client.url, client.signed_url, client.download):
            with pytest.raises(errors.ParameterError) as raised:
                method(ID, **asked)
            assert raised.value.pointer == pointer

    @pytest.mark.parametrize("image_id", ["", "../admin", ID + "/renditions", f"{ID}?x"])
    def test_nothing_but_a_uuid_gets_into_a_path(self, image_id: str) -> None:
        client, _ = Script().client()
        for method in (client.url, client.get, client.delete, client.update, client.purge_renditions):
            with pytest.raises(errors.ParameterError, match="UUID"):
                method(image_id)

    def test_signed_url_shows_a_private_image_to_anybody(self, client: Client, sample: Image) -> None:
        url = client.signed_url(sample.id, format="webp", w=30, download="a b.webp", expires_in_s=60)
        with httpx.Client(transport=application()) as anybody:
            assert anybody.get(client.url(sample.id, format="webp", w=30)).status_code == 401
            answer = anybody.get(url)
            assert (answer.status_code, answer.content) == (
                200,
                client.download(sample.id, format="webp", w=30),
            )
            assert anybody.get(url.replace("w=30", "w=31")).json()["code"] == "signature_refused"

    @pytest.mark.parametrize("expires_in_s", [0, -1, 7 * 86_400 + 1])
    def test_signed_url_lives_for_a_week_at_most(self, expires_in_s: int) -> None:
        with pytest.raises(errors.ParameterError, match="expires_in_s"):
            Script().client()[0].signed_url(ID, expires_in_s=expires_in_s)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("statement", "has_httpx"),
        [("from progimage import operations, Image", False), ("from progimage import *", True)],
    )
    def test_who_needs_no_client_imports_none(self, statement: str, has_httpx: bool) -> None:
        """The children that render have the vocabulary, and nothing that opens connections."""
        code = f"{statement}\nimport sys; print('httpx' in sys.modules)"
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == str(has_httpx)

    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PROGIMAGE_URL", f"{URL}/")
        monkeypatch.setenv("PROGIMAGE_API_KEY", f"{KEY}\n")
        script = Script(answering(200, IMAGE))
        with Client(transport=script.transport) as client:
            assert client.get(ID).format == "png"
            assert client.url(ID) == f"{URL}/images/{ID}"
        assert script.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ({"api_key": KEY}, "PROGIMAGE_URL"),
            ({"url": URL}, "PROGIMAGE_API_KEY"),
            ({"url": "images.example"}, "http"),
        ],
    )
    def test_what_is_missing_is_named(
        self, given: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PROGIMAGE_URL", raising=False)
        monkeypatch.delenv("PROGIMAGE_API_KEY", raising=False)
        with pytest.raises(errors.ParameterError, match=name):
            Client(**given)

    def test_timeouts(self) -> None:
        client, _ = Script().client(timeout_s=3)
        assert client._http.timeout == httpx.Timeout(3, connect=5)
        assert KEY.partition(".")[2] not in repr(client)


def page(ids: list[str], following: str | None) -> Any:
    return answering(200, {"images": [IMAGE | {"id": image_id} for image_id in ids], "next": following})


class TestRequests:
    """What is said to the server beyond uploads, held to what its documentation has."""

    def test_a_list_pages_by_itself_and_no_sooner(self) -> None:
        ids = [str(uuid4()) for _ in range(5)]
        script = Script(page(ids[:2], "c=1"), page(ids[2:4], "c&2"), page(ids[4:], None))
        images = script.client()[0].list(tag="x")
        assert next(images).id == UUID(ids[0])
        assert len(script.requests) == 1
        assert [str(image.id) for image in images] == ids[1:]
        assert [dict(request.url.params) for request in script.requests] == [
            {"tag": "x", "limit": "100"},
            {"tag": "x", "limit": "100", "cursor": "c=1"},
            {"tag": "x", "limit": "100", "cursor": "c&2"},
        ]

    def test_filters(self) -> None:
        script = Script(page([], None))
        moment = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
        filters: dict[str, Any] = {
            "tag": ["a", "b,c"],
            "min_width": 10,
            "metadata": {"shot": 7},
            "created_after": moment,
        }
        assert list(script.client()[0].list(**filters, visibility="public")) == []
        assert script.requests[0].url.params.multi_items() == [
            ("tag", "a"),
            ("tag", "b,c"),
            ("min_width", "10"),
            ("metadata", '{"shot": 7}'),
            ("created_after", "2026-01-02T03:04:05+00:00"),
            ("visibility", "public"),
            ("limit", "100"),
        ]

    def test_members_that_are_not_known_are_passed_over(self) -> None:
        newer = IMAGE | {"palette": ["#fff"], "focal_point": {"x": 0.5, "y": 0, "z": 1}}
        image = Script(answering(200, newer)).client()[0].get(ID)
        assert (image.focal_point, str(image.id)) == ((0.5, 0.0), ID)


class TestRepository:
    def test_update_changes_what_is_given_alone(self, client: Client) -> None:
        image = client.upload(PNG, tags=["a"], metadata={"shot": 7}, filename="x.png")
        changed = client.update(image.id, tags=["b", "c,d"], focal_point=(0.25, 1))
        assert (changed.tags, changed.focal_point) == (("b", "c,d"), (0.25, 1.0))
        assert (changed.metadata, changed.filename, changed.sha256) == ({"shot": 7}, "x.png", image.sha256)
        assert client.update(image.id, visibility="public").focal_point == (0.25, 1.0)
        assert client.update(image.id, focal_point=None).focal_point is None
        assert client.get(image.id).visibility == "public"

    def test_list_pages_through_what_fits(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("progimage.calls.all_calls._PAGE", (("limit", "2"),))
        images = [client.upload(made.encoded("png", made.picture(10 + i, 10)), tags=["x"]) for i in range(5)]
        client.upload(PNG, tags=["y"])
        assert [image.id for image in client.list(tag="x")] == [image.id for image in reversed(images)]
        wide = client.list(tag=["x"], min_width=12, format="png", created_before=images[4].created_at)
        assert {image.width for image in wide} == {12, 13}
        assert list(client.list(metadata={"shot": 8})) == []

    def test_delete(self, client: Client, sample: Image) -> None:
        client.delete(sample.id)
        with pytest.raises(errors.NotFound):
            client.download(sample.id)
        other = client.upload(PNG)
        client.delete(other.id, purge=True)
        with pytest.raises(errors.NotFound):
            client.get(other.id)

    def test_renditions(self, client: Client, sample: Image) -> None:
        small = client.download(sample.id, format="webp", w=30, q=50)
        client.download(sample.id, format="png")
        first, second = client.renditions(sample.id)
        assert (first.format, first.media_type, first.state) == ("webp", "image/webp", "ready")
        assert (first.width, first.height, first.frames, first.bytes) == (30, 20, 1, len(small))
        assert (first.transform["output"]["quality"], second.format) == (50, "png")
        assert first.created_at.tzinfo is not None
        client.purge_renditions(sample.id)
        assert list(client.renditions(sample.id)) == []
        assert client.download(sample.id, format="webp", w=30, q=50) == small

    def test_archive(self, client: Client, tmp_path: Path) -> None:
        images = [client.upload(made.encoded("png", made.picture(10 + i, 10)), tags=["x"]) for i in range(3)]
        target = tmp_path / "two.zip"
        assert client.archive([image.id for image in images[:2]], to=str(target)) == Archive(target, ())
        with zipfile.ZipFile(target) as archive:
            held = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
            assert archive.testzip() is None
        assert {image.sha256 for image in images[:2]} <= held
        transform = Transform((Resize(width=5),))
        client.archive({"tag": "x", "max_width": 11}, to=target, format="webp", transform=transform)
        with zipfile.ZipFile(target) as archive:
            names = [name for name in archive.namelist() if name.endswith(".webp")]
            assert [made.pixels(archive.read(name)).shape[1] for name in names] == [5, 5]
        originals().delete(models.Image.objects.get(pk=images[2].id).storage_name)
        (failure,) = client.archive({"tag": "x"}, to=target).failed
        assert (failure.id, failure.code) == (images[2].id, "object_missing")
        assert failure.detail
        assert list(tmp_path.iterdir()) == [target]

    def test_an_archive_without_a_manifest_is_none(self, tmp_path: Path) -> None:
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("hill.png", PNG)
        for content in (other.getvalue(), b"<html>Log in</html>"):
            client, _ = Script(answering(200, content)).client()
            with pytest.raises(errors.ConnectionFailed):
                client.archive([ID], to=tmp_path / "one.zip")
        assert list(tmp_path.iterdir()) == []

    def test_an_upload_url_takes_one_image_without_a_key(self, client: Client) -> None:
        upload = client.create_upload_url(
            max_bytes=1_000, media_types=["image/png"], expires_in_s=120, tags=["browser"], filename="x.png"
        )
        assert (upload.method, upload.max_bytes, upload.media_types) == ("PUT", 1_000, ("image/png",))
        assert upload.expires_at > datetime.now(UTC)
        with httpx.Client(transport=application()) as anybody:
            answer = anybody.put(upload.url, content=PNG, headers={"Content-Type": "image/png"})
        assert answer.status_code == 201, answer.text
        image = client.get(upload.id)
        assert (image.tags, image.filename, image.bytes) == (("browser",), "x.png", len(PNG))

    def test_upload_url(self, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with serve() as remote:
            open_the_way(settings, monkeypatch, remote)
            remote.answers["/hill.png"] = respond(PNG, "Content-Type: image/png")
            image = client.upload_url(remote.url("/hill.png"), tags=["a,b"], metadata={"shot": 7})
            assert (image.tags, image.metadata, image.filename) == (("a,b",), {"shot": 7}, "hill.png")
            assert client.download(image.id) == PNG
            with pytest.raises(errors.FetchFailed):
                client.upload_url(remote.url("/missing.png"))
        with pytest.raises(errors.UrlNotAllowed) as raised:
            client.upload_url("http://127.0.0.1:22/x.png")
        assert raised.value.pointer == "/url"

    def test_errors_of_the_real_server(self, client: Client) -> None:
        with pytest.raises(errors.NotFound) as raised:
            client.get(uuid4())
        assert raised.value.request_id
        assert raised.value.request_id in str(raised.value)
        with pytest.raises(errors.UnsupportedFormat, match="png"):
            client.upload(b"nothing")
        stranger = Client(URL, api_key=KEY, transport=application())
        with pytest.raises(errors.NotAuthenticated):
            stranger.get(uuid4())

    def test_a_key_of_the_callers_makes_a_call_repeatable(self, client: Client) -> None:
        first = client.upload(PNG, idempotency_key="order-7")
        assert client.upload(PNG, idempotency_key="order-7") == first
        with pytest.raises(errors.IdempotencyMismatch):
            client.upload(PNG, idempotency_key="order-7", tags=["x"])
