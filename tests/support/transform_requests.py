"""How tests send transforms: three kinds of bodies, and the example of each operation."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from progimage.operations import Operation, operations
from progimage.text_form import parse_text
from tests.conftest import Api
from tests.support import images as made
from tests.support.remote_servers import Remote, open_the_way, respond, serve

PNG = made.encoded("png")
LOGO = made.encoded("png", made.translucent(24, 16))
"""The other image of operations that name one."""
BOUNDARY = "0123456789"


def send_json(api: Api, path: str, value: Any, **headers: str) -> Any:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return api.request("POST", path, data=content, content_type="application/json", headers=headers)


def send_raw(api: Api, path: str, content: bytes = PNG, **headers: str) -> Any:
    return api.request("POST", path, data=content, content_type="image/png", headers=headers)


def send_form(api: Api, path: str, files: Mapping[str, bytes], *, key: str = "", **fields: str) -> Any:
    parts = [(f'name="{name}"; filename="{name}.png"', content) for name, content in files.items()]
    parts += [(f'name="{name}"', text.encode()) for name, text in fields.items()]
    lines = [
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n"
        % (BOUNDARY.encode(), head.encode(), content)
        for head, content in parts
    ]
    content = b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    headers = {"Idempotency-Key": key} if key else {}
    return api.request("POST", path, data=content, content_type=media_type, headers=headers)


def id_of(api: Api, content: bytes = PNG, query: str = "") -> str:
    return api.stored(content, query=query).rpartition("/")[2]


def image_parameters(name: str) -> list[str]:
    return [field for field, known in operations()[name].parameters().items() if known.type == "image"]


WITH_OTHERS = sorted(name for name in operations() if image_parameters(name))


def example(name: str, reference: str) -> Operation:
    """Return the example of an operation, with `reference` for the image that it names, if it does."""
    spelled = operations()[name].example
    (operation,) = parse_text(f"{name}:{spelled}" if spelled else name)
    named = [field for field in image_parameters(name) if getattr(operation, field)]
    return replace(operation, **dict.fromkeys(named, reference))


def query_of(operation: Operation, **others: str) -> str:
    """Return the query of POST /transforms/<operation>."""
    known = operation.parameters()
    own = {name: unquote(known[name].spell(value)) for name, value in operation.non_defaults().items()}
    return urlencode(own | others)


@pytest.fixture
def remote(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A server that may be fetched from, by any name."""
    with serve() as server:
        server.answers |= {"/a.png": respond(PNG), "/logo.png": respond(LOGO)}
        open_the_way(settings, monkeypatch, server)
        yield server
