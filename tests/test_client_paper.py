"""The examples of docs/client.md run, one after the other, against the real application."""

import ast
import asyncio
import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import progimage
from progimage import AsyncClient, Client
from tests.conftest import make_api
from tests.support import images as made
from tests.support.clients import URL, InThread, application
from tests.support.remote_servers import open_the_way, respond, serve
from tests.test_layout import ROOT

PAPER = ROOT / "docs" / "client.md"
REMOTE = "https://example.org/hills.jpg"


def examples() -> list[str]:
    """Return the indented blocks of the paper."""
    blocks: list[str] = []
    is_in_block = False
    for line in PAPER.read_text().splitlines():
        if line.startswith("    "):
            if not is_in_block:
                blocks.append("")
            blocks[-1] += f"{line}\n"
            is_in_block = True
        elif line:
            is_in_block = False
        elif is_in_block:
            blocks[-1] += "\n"
    return [dedent(block) for block in blocks]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of clients that call the application in this process, whatever address an example gives them."""
    key = make_api("alice").key

    def make_client(*_: Any, **__: Any) -> Client:
        return Client(URL, api_key=key, transport=application())

    def make_async_client() -> AsyncClient:
        return AsyncClient(URL, api_key=key, transport=InThread())

    monkeypatch.setattr(progimage, "Client", make_client, raising=False)
    monkeypatch.setattr(progimage, "AsyncClient", make_async_client, raising=False)
    return key


def run(code: str, namespace: dict[str, Any]) -> None:
    compiled = compile(code, str(PAPER), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if compiled.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(compiled, namespace))
    else:
        exec(compiled, namespace)


@pytest.mark.django_db(transaction=True)
def test_examples_run(key: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = made.encoded("jpeg")
    Path("hills.jpg").write_bytes(content)
    Path("logo.png").write_bytes(made.encoded("png"))
    Path("photos").mkdir()
    Path("photos/one.jpg").write_bytes(content)
    with serve() as server, Client(URL, api_key=key, transport=application()) as client:
        server.answers["/hills.jpg"] = respond(content)
        open_the_way(settings, monkeypatch, server)
        older, first, second = (client.upload(made.encoded("png"), tags=["evening"]) for _ in range(3))
        namespace: dict[str, Any] = {
            "AsyncClient": progimage.AsyncClient,
            "Path": Path,
            "api_key": key,
            "content": content,
            "older": older,
            "first": first,
            "second": second,
            "image_id": older.id,
            "paths": [Path("hills.jpg")],
        }
        blocks = examples()
        for block in blocks:
            namespace["client"] = client
            run(block.replace(REMOTE, server.url("/hills.jpg")), namespace)
        assert client.get(older.id).replaced_by
    assert len(blocks) > 15
    written = {path.name for path in tmp_path.iterdir()}
    assert {"thumbnail.jpg", "hills.avif", "two.zip", "evening.zip"} <= written
