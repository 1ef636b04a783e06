"""The client's transformations, against the real application."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image as Pillow

from progimage import Client, Output, Transform, errors
from progimage.operations.geometry import Rotate
from progimage.operations.tone import Grayscale
from tests.conftest import Api
from tests.support import images as made
from tests.support.clients import URL, application, kept_connection
from tests.support.remote_servers import open_the_way, respond, serve

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
