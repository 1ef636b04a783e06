"""The vocabulary: all spellings of a transform, one meaning, one key; traps that a prototype fell into."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

import pytest

from progimage import Transform, errors
from progimage.errors import ParameterError
from progimage.operations import Fit, Operation, Output, ParameterSet, Resize, operations
from progimage.parameters import Color, Range, color_channels
from progimage.parameters.color import expected_color, normalize_color
from progimage.text_form import parse_query, parse_text, spell_text
from transforms.planning.resolve import cache_key, resolve
from transforms.render import render, settle


@dataclass(frozen=True, kw_only=True)
class Everything(ParameterSet):
    """A parameter of each type, as later operations have them. No operation: it is in no catalogue."""

    name: ClassVar[str] = "everything"
    ratio: Annotated[float, Range(0, 100, "px")] = 1.0
    text: str = ""
    points: Annotated[tuple[float, ...], Range(-5, 5)] = ()
    names: tuple[str, ...] = ()
    color: Color = "#000000ff"


def from_json(step: dict[str, Any]) -> Transform:
    return Transform.from_dict({"operations": [step]})


class TestSpellings:
    EXPECTED = Transform((Resize(width=300, height=200, fit="cover"),), Output(format="webp", quality=70))

    def test_json(self) -> None:
        text = """{"operations": [{"op": "resize", "width": 300, "height": 200, "fit": "cover"}],
                   "output": {"format": "webp", "quality": 70}}"""
        assert Transform.from_json(text) == self.EXPECTED

    @pytest.mark.parametrize(
        "query",
        [
            [("w", "300"), ("h", "200"), ("fit", "cover"), ("q", "70"), ("format", "webp")],
            [("quality", "70"), ("height", "200"), ("width", "300"), ("fm", "webp"), ("fit", "cover")],
            [("transform", "resize:width=300,height=200,fit=cover"), ("q", "70"), ("fm", "webp")],
            [("transform", "resize:300,fit=cover,height=200"), ("q", "70"), ("fm", "webp")],
        ],
    )
    def test_query(self, query: list[tuple[str, str]]) -> None:
        assert parse_query(query) == self.EXPECTED

    def test_one_cache_key(self) -> None:
        spelled = [
            self.EXPECTED,
            Transform.from_json(self.EXPECTED.canonical_json()),
            parse_query(
                [("w", "300"), ("h", "200"), ("fit", "cover"), ("q", "70"), ("fm", "webp"), ("dpr", "1")]
            ),
            Transform((Resize(width=300, height=200, fit="cover", dpr=1),), self.EXPECTED.output),
        ]
        assert len({cache_key("0" * 64, resolve(transform, "jpeg")) for transform in spelled}) == 1

    def test_order_and_values_make_other_keys(self) -> None:
        small, large = Resize(width=10), Resize(width=20)
        transforms = [Transform((small, large)), Transform((large, small)), Transform((small,)), Transform()]
        assert len({cache_key("0" * 64, resolve(transform, "png")) for transform in transforms}) == 4

    def test_text_form_is_its_own_inverse(self) -> None:
        steps = (Resize(width=300, fit="cover", dpr=1.5), Resize(height=7, enlarge=True))
        assert spell_text(steps) == "resize:width=300,fit=cover,dpr=1.5/resize:height=7,enlarge=true"
        assert parse_text(spell_text(steps)) == steps

    def test_values_are_percent_encoded_once_by_themselves(self) -> None:
        parameters = Everything.parameters()
        given = Everything(text="a,b/c:d=e%20;", points=(1, -2.5), names=("x;y", "z"))
        spelled = {name: parameters[name].spell(value) for name, value in given.non_defaults().items()}
        assert spelled == {
            "text": "a%2Cb%2Fc%3Ad%3De%2520%3B",
            "points": "1.0;-2.5",
            "names": "x%3By;z",
        }
        read = {name: parameters[name].parse(text, is_encoded=True) for name, text in spelled.items()}
        assert Everything.from_dict(read) == given


class TestEqualMeaning:
    def test_whole_numbers_are_floats_where_floats_are_meant(self) -> None:
        assert Resize(width=1, dpr=2) == Resize(width=1, dpr=2.0)
        assert repr(Resize(width=1, dpr=2).dpr) == "2.0"

    def test_zero_has_no_sign(self) -> None:
        assert math.copysign(1, Everything(ratio=-0.0).ratio) == 1

    @pytest.mark.parametrize(
        ("text", "normal"),
        [("red", "#ff0000ff"), ("#F00", "#ff0000ff"), ("f00", "#ff0000ff"), ("#ff000080", "#ff000080"),
         ("#f008", "#ff000088"), ("rgb(255, 0, 0)", "#ff0000ff"), ("rgb(255 0 0 / .5)", "#ff000080"),
         ("rgba(1,2,3,0)", "#01020300"), (" Transparent ", "#00000000")],
    )  # fmt: skip
    def test_colors(self, text: str, normal: str) -> None:
        assert normalize_color(text) == normal
        assert bytes(color_channels(normal)).hex() == normal[1:]

    @pytest.mark.parametrize("text", ["", "#", "#12345", "rgb(256,0,0)", "rgb(1,2)", "bluish", "#ggg", "١٢٣"])
    def test_no_colors(self, text: str) -> None:
        assert normalize_color(text) is None


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


@pytest.mark.parametrize(
    "text",
    ["resize:width=1,width=2", "resize:1,width=2", "resize:width", "resize:height=2,1", "resize:", "/resize:1", "resize:1/",
     "resize:width=1_000", "resize:width= 5", "resize:width=٣", "resize:width=+5", "resize:1,fit=", "resize:1,=2"],
)  # fmt: skip
def test_refused_text(text: str) -> None:
    with pytest.raises(ParameterError):
        parse_text(text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ratio": 101}, "Expected a number from 0 to 100 px for everything.ratio but received '101'"),
        ({"text": "a\0b"}, "Expected text for everything.text but received 'a\\x00b'"),
        ({"text": 5}, "Expected text for everything.text but received '5'"),
        ({"points": 5}, "Expected a list of a number from -5 to 5 for everything.points but received '5'"),
        ({"points": [1, 9]}, "Expected a list of a number from -5 to 5 for everything.points but received '9'"),
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


def test_every_operation_can_be_rendered() -> None:
    """Two edits make an operation: this fails where the second was forgotten. One that settles becomes another
    step, which is rendered in its place."""
    known = {
        name
        for name, operation in operations().items()
        for verb in (render, settle)
        if verb.dispatch(operation) is not verb.dispatch(Operation)
    }
    assert known == set(operations())


def test_catalogue_is_documented() -> None:
    for operation in operations().values():
        assert operation.__doc__
        assert all(parameter.help for parameter in operation.parameters().values())


def error_classes(base: type[errors.ProgImageError]) -> list[type[errors.ProgImageError]]:
    return [base, *(error for child in base.__subclasses__() for error in error_classes(child))]


def test_codes_of_errors_are_distinct_and_come_whole_through_a_pickle() -> None:
    import pickle

    classes = error_classes(errors.ProgImageError)
    assert len({error.code for error in classes}) == len(classes)
    sent = errors.RangeNotSatisfiable("outside", size=7)
    received = pickle.loads(pickle.dumps(sent))
    assert (type(received), received.message, received.size) == (errors.RangeNotSatisfiable, "outside", 7)
