"""The state folder of `make run`: its mark, and who may write to it."""

import shutil
from pathlib import Path

import pytest

from config.local import Refused
from config.local.state import State
from tests.support.embedded_services import state

__all__ = ["state"]


def test_a_copy_of_a_state_folder_has_another_mark(state: State, tmp_path: Path) -> None:
    mark = state.mark
    shutil.copytree(state.folder, tmp_path / "copy")
    assert State(tmp_path / "copy").mark != mark


def test_a_folder_that_everybody_writes_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match=r"chmod o-w"):
        State(tmp_path)
