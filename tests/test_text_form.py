"""All spellings of a transform: one meaning, one key."""

import pytest

from progimage import Transform
from progimage.errors import ParameterError
from progimage.operations import Output, Resize
from progimage.text_form import parse_query, parse_text, spell_text
from tests.support.parameters import Everything
from transforms.planning.resolve import cache_key, resolve


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


@pytest.mark.parametrize(
    "text",
    ["resize:width=1,width=2", "resize:1,width=2", "resize:width", "resize:height=2,1", "resize:", "/resize:1", "resize:1/",
     "resize:width=1_000", "resize:width= 5", "resize:width=٣", "resize:width=+5", "resize:1,fit=", "resize:1,=2"],
)  # fmt: skip
def test_refused_text(text: str) -> None:
    with pytest.raises(ParameterError):
        parse_text(text)
