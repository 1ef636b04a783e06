"""A parameter of each type: equal meanings, one sentence for each error, its schema."""

import math
from typing import Any, get_args

import pytest

from progimage.errors import ParameterError
from progimage.operations import Fit, Resize
from progimage.parameters.color import expected_color
from tests.support.parameters import Everything


def test_whole_numbers_are_floats_where_floats_are_meant() -> None:
    assert Resize(width=1, dpr=2) == Resize(width=1, dpr=2.0)
    assert repr(Resize(width=1, dpr=2).dpr) == "2.0"


def test_zero_has_no_sign() -> None:
    assert math.copysign(1, Everything(ratio=-0.0).ratio) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ratio": 101}, "Expected a number from 0 to 100 px for everything.ratio but received 101"),
        ({"text": "a\0b"}, "Expected text for everything.text but received 'a\\x00b'"),
        ({"text": 5}, "Expected text for everything.text but received 5"),
        ({"points": 5}, "Expected an array of a number from -5 to 5 for everything.points but received 5"),
        ({"points": [1, 9]}, "Expected an array of a number from -5 to 5 for everything.points but received 9"),
        ({"color": "bluish"}, f"Expected {expected_color} for everything.color but received 'bluish'"),
    ],
)  # fmt: skip
def test_one_sentence_for_every_parameter(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Everything.from_dict(values)
    assert caught.value.message == message


def test_schema_describes_each_parameter() -> None:
    schemas = {name: parameter.schema() for name, parameter in Everything.parameters().items()}
    assert schemas == {
        "ratio": {"type": "number", "minimum": 0, "maximum": 100, "x-unit": "px", "default": 1.0},
        "text": {"type": "string", "default": ""},
        "points": {"type": "array", "items": {"type": "number", "minimum": -5, "maximum": 5}, "default": ()},
        "names": {"type": "array", "items": {"type": "string"}, "default": ()},
        "color": {"type": "string", "format": "color", "default": "#000000ff"},
    }
    assert Resize.parameters()["fit"].schema()["enum"] == list(get_args(Fit))
