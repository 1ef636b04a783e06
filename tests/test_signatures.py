"""What help(), inspect and completion show of the clients: every parameter with its type, and nothing hidden."""

import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from pydoc import plain, render_doc
from typing import Any, get_args

import pytest

from progimage import AsyncClient, Client, Image, Rendition, operations
from progimage.operations.geometry import Fit, Resize
from tests.test_layout import ROOT

HIDDEN = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def methods(client: type) -> list[Any]:
    own = inspect.getmembers(client, inspect.isfunction)
    public = [pytest.param(method, id=f"{client.__name__}.{name}") for name, method in own if name[0] != "_"]
    return [pytest.param(client, id=client.__name__), *public]


@pytest.mark.parametrize("method", [*methods(Client), *methods(AsyncClient)])
def test_every_parameter_is_shown_with_its_type(method: Any) -> None:
    signature = inspect.signature(method)
    parameters = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    assert [parameter.name for parameter in parameters if parameter.kind in HIDDEN] == []
    assert [
        parameter.name for parameter in parameters if parameter.annotation in (parameter.empty, Any)
    ] == []
    if inspect.isfunction(method):
        assert signature.return_annotation not in (signature.empty, Any)


@pytest.mark.parametrize("name", sorted(operations.operations()))
def test_so_are_those_of_an_operation(name: str) -> None:
    operation = operations.operations()[name]
    signature = inspect.signature(operation)
    assert list(signature.parameters) == list(operation.parameters())
    shown = str(signature)
    assert "Annotated" not in shown
    assert "Range" not in shown
    assert "**" not in shown


def test_an_operation_shows_plain_types() -> None:
    parameters = inspect.signature(Resize).parameters
    assert parameters["width"].annotation == int | None
    assert (parameters["width"].default, parameters["fit"].default) == (None, "inside")
    assert get_args(parameters["fit"].annotation) == get_args(Fit)


def test_help_shows_the_bases_of_operations() -> None:
    for base in (operations.ParameterSet, operations.Operation):
        assert base.__name__ in plain(render_doc(base))


def test_every_operation_can_be_imported_from_one_place() -> None:
    for operation in operations.operations().values():
        assert getattr(operations, operation.__name__) is operation
        assert operation.__name__ in operations.__all__


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Client.get, Image),
        (Client.download, bytes | Path),
        (Client.list, Iterator[Image]),
        (AsyncClient.get, Image),
        (AsyncClient.renditions, AsyncIterator[Rendition]),
    ],
)
def test_the_result_is_shown(method: Any, expected: Any) -> None:
    assert inspect.signature(method).return_annotation == expected


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_help_names_methods_as_they_are_called(client: type) -> None:
    text = plain(render_doc(client))
    for words in (
        "upload(self",
        "tags: collections.abc.Collection[str] = ...",
        "download(self",
        "w: int | None",
    ):
        assert words in text
    assert "list(self" in text
    assert "list_images" not in text


RIGHT = """
from pathlib import Path
from typing import assert_type
from uuid import UUID

from progimage import AsyncClient, Client, Image, Output, Plan, Transform
from progimage.operations import Blur, Composite, Resize

client = Client("https://images.example", api_key="x", max_retries=1)
id = UUID(int=0)
image = client.upload("hill.png", tags=["a"], visibility="public", replaces=id)
assert_type(image, Image)
assert_type(client.download(id, format="webp", w=300, fit="cover", focal=(0.5, 0.2)), bytes)
assert_type(client.download(id, to="x.png", transform="blur:2", format="png"), Path)
transform = Transform((Resize(width=3), Blur(sigma=2)), Output(format="webp", quality=70))
assert_type(client.transform(b"", transform, parts={"logo": "logo.png"}), bytes)
assert_type(client.transform(b"", [Composite(image="part:logo")], to=Path("x")), Path)
assert_type(client.derive(b"", "grayscale", parts={"logo": b""}, tags=["x"]), Image)
assert_type(client.plan(b"", "grayscale"), Plan)
for found in client.list(tag="x", min_width=3):
    assert_type(found, Image)
client.url(id, width=3, format=None)
client.signed_url(id, format="png", expires_in_s=3)


async def work(client: AsyncClient) -> None:
    assert_type(await client.download(id, w=3, format="png"), bytes)
    assert_type(await client.transform(b"", "grayscale", parts={}, to="x"), Path)
    async for found in client.list(tag=["x"]):
        assert_type(found, Image)
    async for result in client.upload_many(["x"], tags=["x"]):
        assert_type(result.image, Image | None)
"""

WRONG = (
    "client.download(id, format='webp', widht=300)",
    "client.url(id, format='webp', widht=300)",
    "client.signed_url(id, format='webp', widht=300)",
    "client.download(id, format='webp', w='300')",
    "client.download(id, format='webp', fit='crop')",
    "client.upload('x', tag=['a'])",
    "client.upload('x', visibility='secret')",
    "client.update(id, focalpoint=(0.5, 0.5))",
    "client.list(tags='x')",
    "client.transform(b'', 'grayscale', part={})",
    "client.transform(b'', 'grayscale', parts={'logo': 7})",
    "client.derive(b'', 'grayscale', titel='x')",
    "client.upload_many(['x'], titel='x')",
    "client.create_upload_url(max_byte=3)",
    "Client(apikey='x')",
    "AsyncClient(transport=3)",
    "Resize(widht=3)",
    "Resize(width='3')",
    "Output(format='wepb')",
)


@pytest.mark.slow
def test_mypy_knows_right_calls_from_wrong_ones(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    first_wrong_line = RIGHT.count("\n") + 1
    sample.write_text("\n".join([RIGHT, *WRONG, ""]))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache"), str(sample)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    lines_with_errors = {int(line.split(":")[1]) for line in errors if line.startswith(str(sample))}
    expected = {first_wrong_line + number for number in range(1, len(WRONG) + 1)}
    assert lines_with_errors == expected, done.stdout + done.stderr
