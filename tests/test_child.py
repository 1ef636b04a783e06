"""A child of the pool: its limits, and the consequences of exceeding them. tests/test_turn.py has those of time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from progimage.errors import RendererEnded, UnprocessableImage
from progimage.text_form import parse_query
from tests.support import images as made
from tests.support.child_tasks import (
    look_around,
    nap,
    run_task,
    take,
)
from tests.support.pools import (
    ROOT,
    MakePool,
    make_pool,
)
from transforms.planning.resolve import resolve

__all__ = ["make_pool"]


@pytest.mark.parametrize(
    ("task", "limits", "ended_by"),
    [
        pytest.param("nap, (30,)", "cpu_s=9, wall_s=-0.9", signal.SIGALRM, id="a second after the deadline"),
        pytest.param("spin, ()", "cpu_s=0.1, wall_s=30", signal.SIGPROF, id="beyond its CPU time"),
    ],
)
def test_a_child_ends_itself_when_its_parent_cannot(task: str, limits: str, ended_by: signal.Signals) -> None:
    code = (
        "from tests.support.child_tasks import nap, spin; from transforms.workers.child import run;"
        f"run({task}, {limits})"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=10, check=False)
    assert ended.returncode == -ended_by


class TestChild:
    def test_knows_neither_django_nor_the_environment(self, make_pool: MakePool) -> None:
        modules, environment, block, core_bytes = run_task(make_pool(), look_around)
        assert not {
            name for name in modules if name.partition(".")[0] in ("django", "config", "images", "httpx")
        }
        assert "transforms.engine" in modules
        assert environment == {}
        assert block.strip(b"\0") == b""
        assert core_bytes == 0

    def test_may_take_only_so_much_memory(self, make_pool: MakePool) -> None:
        renderers = make_pool(max_child_memory_bytes=200_000_000)
        assert run_task(renderers, take, 100_000_000) == 100_000_000
        with pytest.raises(UnprocessableImage, match="memory"):
            run_task(renderers, take, 250_000_000)
        assert run_task(renderers, take, 1) == 1

    def test_keeps_the_memory_of_an_image_for_the_next_one(self) -> None:
        code = (
            "import resource; from PIL import Image; from transforms.workers.child import keep_freed_memory;"
            "keep_freed_memory(); draw = lambda: Image.new('RGB', (2000, 1500), 'red'); draw();"
            "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt;"
            "start = faults(); draw(); print(faults() - start)"
        )
        command = [sys.executable, "-c", code]
        ended = subprocess.run(command, cwd=ROOT, timeout=10, check=True, capture_output=True, text=True)
        # 12 MB have 2,930 pages
        assert int(ended.stdout) < 300

    def test_may_write_only_so_much(self, make_pool: MakePool, tmp_path: Path) -> None:
        renderers = make_pool(max_output_bytes=10_000)
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(made.encoded("png"))
        with pytest.raises(UnprocessableImage), renderers.turn() as turn:
            turn.render(source, resolve(parse_query([("format", "bmp")]), "png"), target)
        with renderers.turn() as turn:
            assert turn.render(source, resolve(parse_query([("w", "10")]), "png"), target).width == 10

    @pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
    def test_that_dies_at_work_is_an_error_of_the_tree(
        self, with_signal: signal.Signals, make_pool: MakePool
    ) -> None:
        renderers = make_pool()
        with pytest.raises(RendererEnded, match="renderer ended"):
            run_task(renderers, signal.raise_signal, with_signal)
        assert run_task(renderers, nap, 0) > 0

    @pytest.mark.parametrize("workers", [1, 2])
    @pytest.mark.parametrize("pause_s", [0.05, 0.3])
    def test_that_dies_idle_is_replaced(self, workers: int, pause_s: float, make_pool: MakePool) -> None:
        renderers = make_pool(workers=workers)
        for _ in range(2):
            pid = run_task(renderers, nap, 0)
            time.sleep(0.02)  # until it waits for its next task
            os.kill(pid, signal.SIGKILL)
            time.sleep(pause_s)
            assert run_task(renderers, nap, 0) > 0

    def test_is_replaced_after_so_many_tasks(self, make_pool: MakePool) -> None:
        renderers = make_pool(max_tasks=3)
        assert len({run_task(renderers, nap, 0) for _ in range(9)}) == 3
