"""Processes of `make run`: their mark finds them, and their children too."""

import os
import time
from pathlib import Path

from config.local.processes import MARK, Process, end_marked, find_marked


def test_children_of_children_are_ended_by_their_mark(tmp_path: Path) -> None:
    script = "sleep 60 & trap '' TERM; setsid sleep 61 & sleep 62"
    unwilling = Process(
        name="a", argv=["sh", "-c", script], env={MARK: "test-a", "PATH": os.defpath}, cwd=tmp_path
    )
    other = Process(name="b", argv=["sleep", "60"], env={MARK: "test-b", "PATH": os.defpath}, cwd=tmp_path)
    while len(find_marked("test-a")) < 4:
        time.sleep(0.01)
    end_marked("test-a", timeout_s=0.2)
    assert not find_marked("test-a")
    unwilling.stop()
    assert other.is_running()
    other.stop()
