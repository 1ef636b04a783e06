"""A format may be named by an extension of its files, `jpg` or `tif`, wherever it is named."""

import json
from typing import Any

import pytest

from images.models import Rendition
from progimage import Client, Output, Transform
from progimage.json_schema import definitions
from progimage.operations.output import FormatAlias
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.archives import ask, members
from tests.support.clients import URL, Script
from tests.support.transform_requests import id_of, send_form, send_json, send_raw
from transforms.planning.resolve import cache_key, resolve

PNG = made.encoded("png")
NAMES = [("jpg", "jpeg"), ("tif", "tiff")]
every_name = pytest.mark.parametrize(("alias", "name"), NAMES)


def _get(query: str) -> Any:
    return lambda api, alias: api.get(f"/images/{id_of(api)}?{query.format(alias)}")


def _post_json(api: Api, alias: str) -> Any:
    return send_json(api, "/transforms", {"id": id_of(api), "transform": {"output": {"format": alias}}})


def _post_form(api: Api, alias: str) -> Any:
    return send_form(api, "/transforms", {"file": PNG}, transform=json.dumps({"output": {"format": alias}}))


DOORS = {
    "format in a query": _get("format={}"),
    "its short name": _get("fm={}&w=20"),
    "beside the extension": lambda api, alias: api.get(f"/images/{id_of(api)}.{alias}?format={alias}"),
    "raw body": lambda api, alias: send_raw(api, f"/transforms?format={alias}"),
    "operation in the path": lambda api, alias: send_raw(api, f"/transforms/grayscale?format={alias}"),
    "JSON": _post_json,
    "form": _post_form,
}


@every_name
@pytest.mark.parametrize("door", DOORS)
def test_every_request_takes_it(api: Api, door: str, alias: str, name: str) -> None:
    answer = DOORS[door](api, alias)
    assert (answer.status_code, answer["Content-Type"]) == (200, f"image/{name}"), body(answer)


@every_name
def test_it_is_the_same_rendition(api: Api, alias: str, name: str) -> None:
    image_id = id_of(api)
    path = f"/images/{image_id}"
    urls = [f"{path}?format={alias}", f"{path}?format={name}", f"{path}.{alias}", f"{path}.{name}"]
    keys = {api.get(url)["Transform-Key"] for url in urls}
    assert len(keys) == 1
    assert Rendition.objects.filter(image_id=image_id).count() == 1


@every_name
def test_archives_and_filters(api: Api, alias: str, name: str) -> None:
    image_id = id_of(api, made.encoded(name))
    by_filter = api.get(f"/images?format={alias}").json()["images"]
    assert [image["id"] for image in by_filter] == [image_id]
    for transform in ({"output": {"format": alias}}, {"output": {"format": name}}):
        found, _ = members(ask(api, query={"format": alias}, format=alias, transform=transform))
        assert len(found) == 1


@every_name
def test_the_language_and_the_client(alias: str, name: str) -> None:
    output = Output(format=alias)  # type: ignore[arg-type]
    assert output == Output(format=name)  # type: ignore[arg-type]
    keys = {
        cache_key("0", resolve(Transform((), each), "png"))
        for each in (output, Output.from_dict({"format": name}))
    }
    assert len(keys) == 1
    client: Client = Script().client()[0]
    image_id = "01890000-0000-7000-8000-000000000000"
    assert client.url(image_id, format=alias) == f"{URL}/images/{image_id}.{name}"


def test_the_schema_names_both() -> None:
    names = definitions("{}")["Output"]["properties"]["format"]["enum"]
    assert {"jpg", "jpeg", "tif", "tiff"} <= set(names)
    assert set(FormatAlias.__args__) == {alias for alias, _ in NAMES}  # type: ignore[attr-defined]
