"""Transform: the JSON that it refuses, and its kind."""

import math
from typing import Any

import pytest

from progimage import Transform
from progimage.errors import ParameterError
from progimage.operations import Output, Resize
from progimage.transform import parse_json


def from_json(step: dict[str, Any]) -> Transform:
    return Transform.from_dict({"operations": [step]})


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        pytest.param({"op": ["x"]}, "/op", id="unhashable op"),
        pytest.param({"op": None}, "/op", id="no op"),
        pytest.param({"op": "Resize"}, "/op", id="case"),
        pytest.param({"op": "resize", "width": True}, "/width", id="True is no number"),
        pytest.param({"op": "resize", "width": 40.5}, "/width", id="40.5"),
        pytest.param({"op": "resize", "width": "40"}, "/width", id="text is no number"),
        pytest.param({"op": "resize", "width": 10**400}, "/width", id="huge"),
        pytest.param({"op": "resize", "width": 1, "fit": 5}, "/fit", id="fit=5"),
        pytest.param({"op": "resize", "width": 1, "fit": ["cover"]}, "/fit", id="unhashable fit"),
        pytest.param({"op": "resize", "width": 1, "dpr": math.nan}, "/dpr", id="nan"),
        pytest.param({"op": "resize", "width": 1, "dpr": math.inf}, "/dpr", id="inf"),
        pytest.param({"op": "resize", "width": 1, "enlarge": 1}, "/enlarge", id="1 is not true"),
        pytest.param({"op": "resize", "width": 1, "dpr": None}, "/dpr", id="null"),
        pytest.param({"op": "resize", "width": 1, "a/b~c": 1}, "/a~1b~0c", id="unknown"),
        pytest.param({"op": "resize"}, "/width", id="neither side"),
    ],
)
def test_refused_json(step: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ParameterError) as caught:
        from_json(step)
    assert caught.value.pointer == f"/operations/0{pointer}"
    assert caught.value.message.startswith("Expected ")


@pytest.mark.parametrize(
    "text",
    ["[]", "nonsense", '{"operations": {}}', '{"operations": [1]}', '{"output": []}', '{"steps": []}', "[" * 100_000,
     '{"operations": [{"op": "resize", "width": 1, "width": 2}]}', '{"output": {"quality": NaN}}',
     '{"operations": [' + ",".join(['{"op": "resize", "width": 1}'] * 11) + "]}"],
)  # fmt: skip
def test_refused_documents(text: str) -> None:
    with pytest.raises(ParameterError):
        Transform.from_json(text)


def test_a_number_that_is_too_long_is_json_all_the_same() -> None:
    """Python's own limit would make it look like text that is not JSON."""
    with pytest.raises(ParameterError, match="Expected numbers of at most 4300 digits but received 5000"):
        parse_json(f'{{"metadata": {{"a": {"9" * 5_000}}}}}')
    assert parse_json("-1234567890") == -1_234_567_890


@pytest.mark.parametrize(
    ("transform", "kind"),
    [
        (Transform(), "compress"),
        (Transform((), Output(format="png")), "compress"),
        (Transform((), Output(format="jpeg")), "convert"),
        (Transform((Resize(width=1), Resize(width=2)), Output(format="jpeg")), "thumbnail"),
    ],
)
def test_kind(transform: Transform, kind: str) -> None:
    assert transform.kind("png") == kind
