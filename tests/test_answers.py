"""Answers of children: facts and errors come through, and nothing that a taken-over child would have run."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import UnidentifiedImageError

from progimage.errors import ParameterError, RangeNotSatisfiable, Unavailable
from transforms.color.description import ColorSpace
from transforms.decoding.header import Header
from transforms.engine import Rendered
from transforms.workers.answers import dump, load_answer, portable

HEADER = Header(
    format="jpeg",
    media_type="image/jpeg",
    width=3,
    height=2,
    frames=1,
    has_alpha=False,
    orientation=6,
    color_space=ColorSpace(primaries="bt709", bit_depth=8),
)
RENDERED = Rendered(
    format="png",
    media_type="image/png",
    width=3,
    height=2,
    frames=1,
    size_bytes=70,
    sha256="0" * 64,
)


@pytest.mark.parametrize(
    "value", [HEADER, RENDERED, (1, "a", None, {"b": {2.5}})], ids=["header", "rendered", "plain"]
)
def test_facts_come_through(value: Any) -> None:
    assert load_answer(dump(value)) == value


class Calls:
    """A pickle that calls a function when it is loaded."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


class TestTakenOver:
    """IMG-19."""

    @pytest.mark.parametrize(
        "hostile",
        [
            pytest.param(lambda path: Calls(os.mkdir, path), id="os"),
            pytest.param(lambda path: Calls(exec, f"import os; os.mkdir({path!r})"), id="builtin"),
            pytest.param(lambda path: Calls(getattr, path, "upper"), id="getattr"),
            pytest.param(lambda path: Calls(Path, path), id="class"),
            pytest.param(lambda _: Calls(Header.__init__, HEADER), id="method"),
            pytest.param(lambda path: [Calls(os.mkdir, path)], id="inside"),
        ],
    )
    def test_an_answer_calls_nothing(self, hostile: Any, tmp_path: Path) -> None:
        target = tmp_path / "made"
        with pytest.raises(pickle.UnpicklingError):
            load_answer(pickle.dumps(hostile(str(target))))
        assert not target.exists()

    def test_an_answer_imports_nothing(self) -> None:
        assert "this" not in sys.modules
        with pytest.raises(pickle.UnpicklingError):
            load_answer(b"cthis\nd\n.")
        assert "this" not in sys.modules

    def test_a_dotted_name_is_refused(self) -> None:
        message = pickle.dumps(HEADER).replace(b"\x8c\x06Header", b"\x8c\x0fHeader.__init__")
        with pytest.raises((pickle.UnpicklingError, ValueError)):
            load_answer(message)


class TestErrors:
    def test_of_the_tree_come_through_whole(self) -> None:
        error = ParameterError("Expected less", pointer="/output/width")
        loaded = load_answer(dump(portable(error)))
        assert type(loaded) is ParameterError
        assert (loaded.message, loaded.pointer) == ("Expected less", "/output/width")
        assert load_answer(dump(portable(RangeNotSatisfiable("no", size=7)))).size == 7
        assert load_answer(dump(portable(Unavailable("no", retry_after_s=3)))).retry_after_s == 3

    def test_of_pythons_own_come_through_with_their_traceback_as_text(self) -> None:
        try:
            Path("/nowhere/at/all").read_bytes()
        except FileNotFoundError as error:
            loaded = load_answer(dump(portable(error)))
        assert type(loaded) is FileNotFoundError
        assert loaded.errno == 2
        assert "read_bytes" in loaded.__notes__[0]

    def test_of_other_libraries_are_told_as_text(self) -> None:
        loaded = load_answer(dump(portable(UnidentifiedImageError("odd"))))
        assert type(loaded) is RuntimeError
        assert str(loaded) == "UnidentifiedImageError: odd"

    def test_with_more_than_text_are_told_as_text(self) -> None:
        loaded = load_answer(dump(portable(ValueError(object))))
        assert type(loaded) is RuntimeError

    def test_hold_no_frames(self) -> None:
        try:
            try:
                raise ValueError("inner")
            except ValueError as inner:
                raise Unavailable("outer") from inner
        except Unavailable as error:
            result = portable(error)
            assert (result.__traceback__, result.__cause__, result.__context__) == (None, None, None)
