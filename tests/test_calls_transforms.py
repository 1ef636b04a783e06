"""The client's transformations, against the real application."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image as Pillow

from progimage import Client, Output, Transform, errors
from progimage.operations import Composite, Grayscale, Rotate
from tests.conftest import Api
from tests.support import images as made
from tests.support.clients import URL, Script, answering, application, kept_connection
from tests.support.remote_servers import open_the_way, respond, serve
from tests.test_async_client import run

PNG = made.encoded("png")
TURNED = Transform((Rotate(angle=90),), Output(format="webp", lossless=True))


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with kept_connection(), Client(URL, api_key=api.key, transport=application()) as client:
        yield client


def size_of(content: bytes) -> tuple[int, int]:
    return Pillow.open(io.BytesIO(content)).size


class TestTransform:
    def test_every_source_gives_the_same_bytes(
        self, client: Client, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "hills.png"
        path.write_bytes(PNG)
        stored = client.upload(PNG)
        with serve() as server:
            server.answers["/hills.png"] = respond(PNG)
            open_the_way(settings, monkeypatch, server)
            sources = (PNG, path, io.BytesIO(PNG), stored.id, str(stored.id), server.url("/hills.png"))
            results = {client.transform(source, TURNED) for source in sources}
        assert len(results) == 1
        assert size_of(results.pop()) == (80, 120)

    def test_text_and_format(self, client: Client) -> None:
        assert client.transform(PNG, "rotate:90", format="jpeg")[:3] == b"\xff\xd8\xff"

    def test_operations_alone(self, client: Client) -> None:
        expected = client.transform(PNG, "rotate:90/grayscale", format="png")
        assert client.transform(PNG, [Rotate(angle=90), Grayscale()], format="png") == expected

    def test_goes_into_a_file(self, client: Client, tmp_path: Path) -> None:
        path = client.transform(PNG, TURNED, to=tmp_path / "turned.webp")
        assert size_of(path.read_bytes()) == (80, 120)

    def test_a_wrong_transform_is_refused_before_anything_is_sent(self, client: Client) -> None:
        with pytest.raises(errors.ParameterError, match=r"rotate\.angle"):
            client.transform(PNG, "rotate:angle=much")

    def test_what_only_the_server_knows_is_wrong_has_a_pointer(self, client: Client) -> None:
        with pytest.raises(errors.ParameterError) as refusal:
            client.transform(PNG, "crop:left=4000,width=10,height=10")
        assert refusal.value.pointer == "/transform/operations/0/left"


class TestDerive:
    def test_stores_an_image_with_its_parent(self, client: Client) -> None:
        parent = client.upload(PNG)
        image = client.derive(
            parent.id, TURNED, tags=["turned"], metadata={"by": "hand"}, filename="turned.webp"
        )
        assert (image.width, image.height, image.format, image.tags) == (80, 120, "webp", ("turned",))
        assert image.parent == parent.id
        assert image.transform
        assert image.transform["operations"][0]["op"] == "rotate"
        assert client.get(image.id) == image

    def test_bytes_have_no_parent(self, client: Client) -> None:
        image = client.derive(PNG, "grayscale", format="png")
        assert isinstance(image.id, UUID)
        assert image.parent is None

    def test_is_done_once_for_an_idempotency_key(self, client: Client) -> None:
        one, other = (client.derive(PNG, "grayscale", idempotency_key="k1") for _ in range(2))
        assert one.id == other.id


LOGO = made.encoded("png", made.translucent(24, 16))
MARKED = Transform((Composite(image="part:logo", gravity="northwest"),), Output(format="png"))


class TestParts:
    def test_are_the_images_that_operations_name(self, client: Client, tmp_path: Path) -> None:
        path = tmp_path / "logo.png"
        path.write_bytes(LOGO)
        logo = client.upload(LOGO)
        expected = client.transform(PNG, f"composite:image={logo.id},gravity=northwest", format="png")
        for part in (LOGO, path, str(path), io.BytesIO(LOGO)):
            assert client.transform(PNG, MARKED, parts={"logo": part}) == expected
        target = client.transform(PNG, MARKED, parts={"logo": path}, to=tmp_path / "marked.png")
        assert target.read_bytes() == expected != PNG

    def test_of_an_image_that_is_stored(self, client: Client) -> None:
        image = client.derive(PNG, MARKED, parts={"logo": LOGO}, tags=["marked"], idempotency_key="k9")
        assert (
            client.derive(PNG, MARKED, parts={"logo": LOGO}, tags=["marked"], idempotency_key="k9") == image
        )
        assert client.download(image.id) == client.transform(PNG, MARKED, parts={"logo": LOGO})
        assert image.tags == ("marked",)

    def test_two_of_them_in_one_file_of_the_callers(self, client: Client) -> None:
        """Each one is read from the file's position at the call."""
        transform = "composite:image=part:a/composite:image=part:b"
        same = io.BytesIO(PNG)
        assert client.transform(same, transform, format="png", parts={"a": same, "b": same})

    @pytest.mark.parametrize(
        ("source", "parts", "message"),
        [
            pytest.param(UUID(int=1), {"logo": LOGO}, "beside parts", id="stored image"),
            pytest.param(str(UUID(int=1)), {"logo": LOGO}, "beside parts", id="id as text"),
            pytest.param("https://example.org/x.png", {"logo": LOGO}, "beside parts", id="address"),
            pytest.param(PNG, {"file": LOGO}, "neither file", id="name of the source"),
            pytest.param(PNG, {"transform": LOGO}, "neither file", id="name of the transform"),
            pytest.param(PNG, {'a"\r\nb': LOGO}, "1 to 60 letters", id="not a name"),
            pytest.param(PNG, {"logo": 7}, "but received int", id="no file"),
        ],
    )
    def test_what_cannot_be_sent_is_refused_before_anything_is(
        self, source: Any, parts: Any, message: str
    ) -> None:
        script = Script(answering(200, PNG))
        for method in (script.client()[0].transform, script.client()[0].derive, script.client()[0].plan):
            with pytest.raises(errors.ParameterError, match=message):
                method(source, MARKED, parts=parts)
        assert script.requests == []

    def test_one_that_is_missing_or_not_named_is_refused(self, client: Client) -> None:
        for parts in ({}, {"logo": LOGO, "other": LOGO}):
            with pytest.raises(errors.ParameterError) as refusal:
                client.transform(PNG, MARKED, parts=parts)
            assert refusal.value.pointer

    def test_a_part_that_is_missing_on_the_disk(self, client: Client, tmp_path: Path) -> None:
        with pytest.raises(errors.FileMissing, match=r"nothing\.png"):
            client.transform(PNG, MARKED, parts={"logo": tmp_path / "nothing.png"})

    def test_of_an_async_client(self, client: Client) -> None:
        script = Script(answering(200, PNG))
        run(lambda own: own.transform(PNG, MARKED, parts={"logo": LOGO}), script.transport)
        content = script.requests[0].content
        assert content.count(LOGO) == content.count(b'name="logo"; filename=') == 1
        assert script.requests[0].headers["Content-Length"] == str(len(content))


class TestPlan:
    def test_says_what_the_transform_gives(self, client: Client) -> None:
        plan = client.plan(PNG, "rotate:90/grayscale", format="auto")
        assert (plan.width, plan.height, plan.is_at_most, plan.frames) == (80, 120, False, 1)
        assert (plan.format, plan.media_type, plan.reason) == ("png", "image/png", "fallback")
        assert [step.operation["op"] for step in plan.steps] == ["rotate", "grayscale"]
        assert (plan.steps[0].width, plan.steps[0].is_at_most) == (80, False)
        assert (plan.source["format"], plan.output["quality"], plan.kind) == ("png", None, "pipeline")
        assert len({plan, client.plan(PNG, "rotate:90/grayscale", format="auto")}) == 1

    def test_of_a_stored_image_and_with_parts(self, client: Client) -> None:
        image = client.upload(PNG)
        by_id = client.plan(image.id, TURNED)
        assert by_id.cache_key == client.plan(PNG, TURNED).cache_key
        assert client.plan(PNG, MARKED, parts={"logo": LOGO}).steps[0].operation["op"] == "composite"

    def test_refuses_like_the_transform(self, client: Client) -> None:
        with pytest.raises(errors.ParameterError) as refusal:
            client.plan(PNG, "crop:left=4000,width=10,height=10")
        assert refusal.value.pointer == "/transform/operations/0/left"


def test_operations_are_the_catalogue_of_the_server(client: Client) -> None:
    schema = client.operations()
    assert schema["$defs"]["Pixelate"]["properties"]["size"]["maximum"] == 512
