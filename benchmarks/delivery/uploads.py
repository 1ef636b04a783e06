"""Uploads of 2 megapixels, against a bare decode and put on the same cores."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median
from uuid import uuid4

from .connection import Request
from .contenders import Contender, ratio, take_turns, window_of
from .engine_alone import Job, decode_and_put, run_loop, warm_processes
from .options import Options
from .photographs import PIXELS_2_MP, make_photographs
from .sections import Section, number, percent
from .server import WITHOUT_OVERVIEWS, running_server

CONNECTIONS = 8
BYTES = 346_000
PUTS = 200


def upload(options: Options) -> Section:
    """Raw bodies of 346 KB over 8 connections."""
    head = (
        "",
        "per second",
        "refused",
        "failed",
        "web CPU-ms",
        "Postgres CPU-ms",
        "p50 ms",
        "rate against a bare put",
        "CPU against a bare put",
    )
    section = Section("Uploads of 2 MP (346 KB)", head)
    folder = options.folder_for("uploads")
    photographs = make_photographs(folder, PIXELS_2_MP, 8, max_bytes=BYTES)
    loops: list[tuple[float, float]] = []
    with ExitStack() as running:
        processes = running.enter_context(warm_processes(_warm, (photographs[0], "")))
        contenders: list[Contender] = []
        for name, root in options.roots.items():
            server = running.enter_context(running_server(root, **WITHOUT_OVERVIEWS))
            window = window_of(server.target, _posts(photographs), CONNECTIONS, options.window_s)
            contenders.append(Contender(name, server.meter, window))
        take_turns(contenders, range(1))
        for contender in contenders:
            contender.samples.clear()  # children and connections are there from now on
        for number_of_round in range(options.rounds):
            loop = run_loop(processes, decode_and_put, _puts(photographs))
            loops.append((loop.per_s, loop.cpu_ms))
            take_turns(contenders, [number_of_round])
    bare_per_s = median(per_s for per_s, _ in loops)
    bare_ms = median(cpu_ms for _, cpu_ms in loops)
    for one in contenders:
        section.lines.append(
            (one.name, number(one.per_s), percent(one.refused_share), one.failed, number(one.web_cpu_ms),
             number(one.postgres_cpu_ms), number(one.p50_ms), f"{ratio(one.per_s, bare_per_s):.2f}",
             f"{ratio(bare_ms, one.cpu_ms):.2f}")
        )  # fmt: skip
    section.lines.append(("a bare decode and put", number(bare_per_s), "", "", number(bare_ms), "", "", 1, 1))
    section.notes.append(
        "The bare loop decodes the JPEG whole and puts its bytes: write, fsync, link, fsync of the folder."
        " It runs in as many processes as there are cores."
    )
    return section


def _posts(photographs: list[Path]) -> Iterator[Request]:
    for body in cycle([path.read_bytes() for path in photographs]):
        yield Request("/images", "POST", body, "image/jpeg")


def _puts(photographs: list[Path]) -> list[Job]:
    return [(path, uuid4().hex) for path in photographs * (PUTS // len(photographs))]


def _warm(job: Job) -> float:
    return decode_and_put((job[0], uuid4().hex))
