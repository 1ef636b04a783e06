"""How tests ask for an archive, and read it."""

import io
import json
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

from tests.conftest import Api, body

MISSING = "01890000-0000-7000-8000-000000000000"
ZIP = "application/zip"


def ask(api: Api, **body: Any) -> Any:
    return api.request("POST", "/images/archive", data=json.dumps(body), content_type="application/json")


def stored(api: Api, content: bytes, **query: str) -> str:
    return api.stored(
        content, query="?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
    ).rpartition("/")[2]


def members(answer: Any) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    assert (answer.status_code, answer["Content-Type"]) == (200, ZIP)
    with ZipFile(io.BytesIO(body(answer))) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    return contents, json.loads(contents.pop("manifest.json"))


def errors_in(manifest: list[dict[str, Any]]) -> list[str | None]:
    return [entry.get("error", {}).get("code") for entry in manifest]
