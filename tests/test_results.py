"""Values that the client builds from responses."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from progimage import Client, ColorSpace, Image, errors
from tests.support import images as made
from tests.support.clients import (
    IMAGE,
    PNG,
    Script,
    answering,
    client,
    sample,
)

__all__ = ["client", "sample"]
ID = IMAGE["id"]


def test_image_has_the_types_it_promises(client: Client) -> None:
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
    assert (image.hdr, image.color_space) == (
        False,
        ColorSpace(transfer=None, primaries=None, bit_depth=8, profile_name=None),
    )
    assert (image.filename, image.visibility) == ("hill.png", "public")
    assert (image.tags, image.metadata) == (("evening", "Hügel & Täler"), {"shot": 7, "by": "Ö"})
    assert before < image.created_at < datetime.now(UTC)
    assert (image.focal_point, image.replaced_by) == (None, None)
    assert image.urls["original"] == client.url(image.id)
    assert len({image, client.get(image.id)}) == 1


def test_members_that_are_not_known_are_passed_over() -> None:
    newer = IMAGE | {"palette": ["#fff"], "focal_point": {"x": 0.5, "y": 0, "z": 1}}
    image = Script(answering(200, newer)).client()[0].get(ID)
    assert (image.focal_point, str(image.id)) == ((0.5, 0.0), ID)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="server that does not know them"),
        pytest.param({"hdr": None, "color_space": None}, id="image that was stored before"),
    ],
)
def test_facts_about_colors_may_be_unknown(members: dict[str, None]) -> None:
    image = Script(answering(200, IMAGE | members)).client()[0].get(ID)
    assert (image.hdr, image.color_space) == (None, None)


def test_renditions(client: Client, sample: Image) -> None:
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


def test_an_archive_without_a_manifest_is_none(tmp_path: Path) -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("hill.png", PNG)
    for content in (other.getvalue(), b"<html>Log in</html>"):
        client, _ = Script(answering(200, content)).client()
        with pytest.raises(errors.ConnectionFailed):
            client.archive([ID], to=tmp_path / "one.zip")
    assert list(tmp_path.iterdir()) == []
