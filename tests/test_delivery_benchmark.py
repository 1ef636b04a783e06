"""The parts of `make bench-delivery` that are arithmetic, and a short run of it."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.delivery.connection import content_length
from benchmarks.delivery.contenders import Contender, Sample, box_sizes, ratio, thumbnails
from benchmarks.delivery.load import Load, percentile, read_wrk
from benchmarks.delivery.photographs import make_photographs
from benchmarks.delivery.processes_cpu import TICKS_PER_S, CpuMeter, parse_stat, tree_cpu_ms, tree_of
from benchmarks.delivery.sections import Section, number

LINE = "42 (a) b (c)) S 7 42 42 0 -1 4194304 1 2 3 4 30 12 5 3 20 0 1 0 999 1 2"


def test_the_times_of_a_process_stand_after_the_name_of_its_program() -> None:
    stat = parse_stat(LINE)
    assert (stat.pid, stat.parent) == (42, 7)
    assert (stat.own_ticks, stat.ended_children_ticks) == (42, 8)
    assert stat.cpu_ms == 50 * 1_000 / TICKS_PER_S


def stat_line(pid: int, parent: int, ticks: int, ended: int = 0) -> str:
    return f"{pid} (p) S {parent} 0 0 0 -1 0 0 0 0 0 {ticks} 0 {ended} 0 20 0 1 0 0 0 0"


def test_a_tree_is_a_root_with_all_that_come_from_it() -> None:
    lines = [stat_line(1, 0, 9), stat_line(2, 1, 10), stat_line(3, 2, 20, 5), stat_line(4, 1, 40)]
    stats = {stat.pid: stat for stat in map(parse_stat, lines)}
    assert tree_of([2], stats) == {2, 3}
    assert tree_of([5], stats) == set()
    assert tree_cpu_ms([2], stats) == 35 * 1_000 / TICKS_PER_S


def test_a_meter_counts_from_its_start() -> None:
    readings = [
        {1: parse_stat(stat_line(1, 0, 10)), 2: parse_stat(stat_line(2, 1, 30))},
        {1: parse_stat(stat_line(1, 0, 14, 33))},  # the child ended, after three more ticks
    ]
    meter = CpuMeter({"web": [1]}, lambda: readings.pop(0))
    assert meter.read() == {"web": pytest.approx(7 * 1_000 / TICKS_PER_S)}


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_meter_sees_a_child_that_has_ended() -> None:
    meter = CpuMeter({"own": [os.getpid()]})
    code = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert meter.read()["own"] >= 180


def test_no_thumbnail_comes_twice() -> None:
    boxes = list(box_sizes())
    assert len(set(boxes)) == len(boxes) == 3_600
    assert {side for box in boxes for side in box} == set(range(241, 301))
    found = list(thumbnails(["a", "b", "c"]))
    assert len(set(found)) == len(found) == 3 * 3_600


def test_a_contender_has_the_medians_of_its_windows() -> None:
    contender = Contender("x", lambda: CpuMeter({}), lambda: window(1, 1.0))
    for good, wall_s, web_ms in ((10, 1.0, 100.0), (40, 2.0, 200.0), (30, 1.0, 900.0)):
        contender.samples.append(Sample(window(good, wall_s), {"web": web_ms, "postgres": 2.0 * good}))
    assert contender.per_s == 20
    assert contender.web_cpu_ms == 10
    assert contender.cpu_ms == 12
    assert contender.refused_share == pytest.approx(15 / (10 + 40 + 30 + 15))


def window(good: int, wall_s: float) -> Load:
    return Load(good, 5, 0, wall_s, 1.0, 2.0)


def test_a_ratio_to_nothing_is_zero() -> None:
    assert ratio(3, 2) == 1.5
    assert ratio(3, 0) == 0


@pytest.mark.parametrize(
    ("percent", "expected"),
    [pytest.param(50, 51, id="median"), pytest.param(99, 100, id="p99"), pytest.param(100, 100, id="last")],
)
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    values = list(range(100, 0, -1))
    assert percentile(values, percent) == expected
    assert percentile([], percent) == 0


def test_what_wrk_reports_is_read() -> None:
    output = (
        "Running 3s test\n"
        '{"requests": 120, "took_us": 2000000, "statuses_above_399": 20, "not_connected": 1, "not_read": 2, '
        '"not_written": 3, "timeouts": 4, "p50_us": 1500, "p99_us": 9000}\n'
    )
    assert read_wrk(output) == Load(100, 20, 10, 2.0, 1.5, 9.0, "wrk")


def test_the_length_of_an_answer_is_read() -> None:
    assert content_length("http/1.1 200 ok\r\nx: 1\r\ncontent-length: 17") == 17
    with pytest.raises(ValueError, match="Content-Length"):
        content_length("http/1.1 200 ok\r\ntransfer-encoding: chunked")


def test_photographs_weigh_what_was_asked_for_and_differ(tmp_path: Path) -> None:
    paths = make_photographs(tmp_path, (640, 480), 3, max_bytes=80_000)
    again = make_photographs(tmp_path, (640, 480), 1, max_bytes=80_000)
    contents = [path.read_bytes() for path in paths]
    assert len(set(contents)) == 3
    assert again[0].read_bytes() == contents[0]
    assert all(abs(len(content) / 80_000 - 1) < 0.05 for content in contents)
    with Image.open(paths[0]) as image:
        assert (image.format, image.size) == ("JPEG", (640, 480))


def test_a_section_is_a_table_with_notes() -> None:
    section = Section("A title", ("server", "rate"), [("x", number(1_234.5))], ["A note."])
    assert str(section) == "## A title\n\n| server | rate |\n| --- | --- |\n| x | 1,234 |\n\nA note."


@pytest.mark.slow
def test_a_short_run_measures_uploads_and_leaves_nothing(tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    command = [sys.executable, "-m", "benchmarks.delivery", "upload", "--quick", "--seconds=0.5"]
    root = Path(__file__).parent.parent
    started = time.time()
    subprocess.run([*command, f"--to={results}"], cwd=root, check=True, timeout=120)
    text = results.read_text()
    line = next(line for line in text.splitlines() if line.startswith("| ProgImage |"))
    per_s, refused, failed = [cell.strip() for cell in line.split("|")[2:5]]
    assert float(per_s) > 0
    assert (refused, failed) == ("0 %", "0")
    left = Path(tempfile.gettempdir()).glob("progimage-bench-*")
    assert [path for path in left if path.stat().st_ctime > started] == []
