"""The pool in a program of its own: children import little and end with their program."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pools import (
    children_of,
    gone,
    start,
)

INTERRUPTED_IMPORT = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "transforms.engine":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
import transforms.workers.forkserver
print("transforms.engine" in sys.modules)
"""


def test_ctrl_c_while_the_engine_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


class TestProgram:
    """A whole process, as a server or a worker is one, started elsewhere than in the project."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("serve()", id="main process"),
            pytest.param(
                "p = multiprocessing.get_context('fork').Process(target=serve); p.start(); p.join()",
                id="forked worker",
            ),
            pytest.param(
                "p = multiprocessing.get_context('spawn').Process(target=serve); p.start(); p.join()",
                id="spawned worker",
            ),
        ],
    )
    def test_ends_by_itself_and_leaves_nothing(self, body: str, tmp_path: Path) -> None:
        with start(body, tmp_path) as program:
            output, errors = program.communicate(timeout=20)
        seen, pids = output.splitlines()
        assert (seen, errors, program.returncode) == ("False True {} False", "", 0)
        assert gone(*map(int, pids.split()))

    @pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
    def test_that_is_killed_leaves_nothing(self, with_signal: signal.Signals, tmp_path: Path) -> None:
        # Naps instead of one long sleep: Python begins a sleep even if a SIGINT came just before it.
        with start("serve()\n    while True: time.sleep(0.05)", tmp_path) as program:
            assert program.stdout
            program.stdout.readline()
            pids = [int(pid) for pid in program.stdout.readline().split()]
            family = [*pids, *children_of(program.pid)]
            program.send_signal(with_signal)
            program.wait(timeout=10)
            assert len(family) >= 3
            assert gone(*family)

    def test_that_forks_makes_a_pool_of_its_own(self, tmp_path: Path) -> None:
        body = "serve(); pid = os.fork()\n    serve()\n    if pid: os.waitpid(pid, 0)\n    else: os._exit(0)"
        with start(body, tmp_path) as program:
            output, errors = program.communicate(timeout=20)
        lines = [line for line in output.splitlines() if line[0].isdigit()]
        before, one, other = (set(line.split()) for line in lines)
        assert any(before & after for after in (one, other)), errors
        assert not one & other
        assert gone(*map(int, before | one))
