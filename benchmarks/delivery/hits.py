"""Thumbnails that exist: few of them over and over, and many of them once each."""

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from .connection import Connection, Request
from .contenders import Contender, cover_query, ratio, take_turns
from .load import HAS_WRK, Load, Target, load_with_threads, load_with_wrk
from .options import Options
from .peers import running_nginx
from .photographs import PIXELS_2_MP, make_photographs
from .sections import Section, number
from .server import Server, running_server

CONNECTIONS = 32
HOT_URLS = 400
TINY = (160, 120)
SETTLE_S = 6.0
"""Longer than any answer may be kept in memory: 5 s."""


def hot(options: Options) -> Section:
    """400 URLs of some 12 KB with a key, against nginx with the same files."""
    section = Section(
        f"{HOT_URLS} hot thumbnails over {CONNECTIONS} connections",
        ("server", "good/s", "failed", "CPU-ms", "p50 ms", "p99 ms", "rate against it", "CPU against it"),
    )
    photographs = make_photographs(options.folder_for("hot"), PIXELS_2_MP, 10, max_bytes=346_000)
    files = options.folder_for("hot-files")
    with ExitStack() as running:
        server = running.enter_context(running_server())
        paths = _hot_paths(server.upload(photographs))
        kb = _download(server, paths, files) / 1_000
        nginx = running.enter_context(running_nginx(files))
        names = [f"/{file.name}" for file in sorted(files.iterdir())]
        own = Contender("ProgImage", server.meter, lambda: _hot(server.target, paths, options))
        statics = [
            Contender(
                peer.name,
                peer.meter,
                lambda peer=peer: _hot(Target(peer.target.port, server.target.headers), names, options),  # type: ignore[misc]
            )
            for peer in nginx.values()
        ]
        _hot(server.target, paths, options)
        take_turns([own, *statics], range(options.rounds))
    for one in (own, *statics):
        section.lines.append(
            (one.name, number(one.per_s), one.failed, number(one.cpu_ms), number(one.p50_ms),
             number(one.p99_ms), f"{ratio(own.per_s, one.per_s):.3f}", f"{ratio(one.cpu_ms, own.cpu_ms):.3f}")
        )  # fmt: skip
    section.notes += [
        f"Bodies of {kb:.1f} KB in the median. Client: {own.samples[0].load.client}.",
        "The rate is ProgImage's in units of the server's; CPU is the other way round.",
        "ProgImage logs each answer, checks the key and counts the hit; no proxy is in between.",
    ]
    return section


def tail(options: Options) -> Section:
    """Many renditions, each asked for once, by this revision and by the one of --baseline."""
    count = 2_000 if options.is_quick else 20_000
    head = ("revision", "renditions", "good/s", "failed", "web CPU-ms", "Postgres CPU-ms", "p50 ms", "p99 ms",
            "CPU of the baseline in units of it")  # fmt: skip
    section = Section(f"Renditions that are each asked for once, {CONNECTIONS} connections", head)
    photographs = make_photographs(options.folder_for("tail"), TINY, 100, max_bytes=9_000)
    contenders: list[Contender] = []
    with ExitStack() as running:
        for name, root in options.roots.items():
            server = running.enter_context(running_server(root))
            paths = _make_renditions(server, photographs, count)
            windows = _slices(paths, options.rounds)
            contenders.append(
                Contender(name, server.meter, lambda s=server, w=windows: _once(s.target, next(w)))  # type: ignore[misc]
            )
        time.sleep(SETTLE_S)
        take_turns(contenders, range(options.rounds))
    base = contenders[-1].cpu_ms
    for one in contenders:
        section.lines.append(
            (one.name, count, number(one.per_s), one.failed, number(one.web_cpu_ms),
             number(one.postgres_cpu_ms), number(one.p50_ms), number(one.p99_ms),
             f"{ratio(base, one.cpu_ms):.1f}")
        )  # fmt: skip
    section.notes.append(f"Client: {contenders[0].samples[0].load.client}.")
    if not options.baseline:
        section.notes.append("`--baseline REVISION` runs another revision beside it.")
    return section


def _hot_paths(images: Sequence[str]) -> list[str]:
    each = HOT_URLS // len(images)
    return [f"{image}.jpg?{cover_query(300 + n, 225, 60)}" for image in images for n in range(each)]


def _hot(target: Target, paths: list[str], options: Options) -> Load:
    if HAS_WRK:
        return load_with_wrk(target, paths, CONNECTIONS, seconds=round(options.window_s))
    requests = (Request(path) for _ in range(1_000_000) for path in paths)
    return load_with_threads(target, requests, CONNECTIONS, seconds=options.window_s)


def _once(target: Target, paths: list[str]) -> Load:
    if HAS_WRK:
        return load_with_wrk(target, paths, CONNECTIONS, seconds=300, is_each_once=True)
    return load_with_threads(target, map(Request, paths), CONNECTIONS, seconds=300)


def _download(server: Server, paths: list[str], files: Path) -> float:
    """Write the answers into files, and return the median of their bytes."""
    connection = Connection(server.target.port, server.target.headers)
    for position, path in enumerate(paths):
        status = connection.ask(Request(path))
        if status != 200:
            raise SystemExit(f"Expected 200 for {path} but received {status}")
        (files / f"{position:04}.jpg").write_bytes(connection.content)
    connection.close()
    return median(file.stat().st_size for file in files.iterdir())


def _make_renditions(server: Server, photographs: list[Path], count: int) -> list[str]:
    """Have so many renditions made by requests, and return their paths in an order of chance."""
    images = server.upload(photographs)
    each = count // len(images)
    paths = [f"{image}.jpg?w={10 + n % 100}&q={60 + n // 100}" for image in images for n in range(each)]
    made = load_with_threads(server.target, map(Request, paths), 4)
    if made.good != len(paths):
        raise SystemExit(f"Expected {len(paths)} renditions but made {made.good}")
    random.Random(1).shuffle(paths)  # noqa: S311
    return paths


def _slices(paths: list[str], count: int):  # type: ignore[no-untyped-def]
    size = len(paths) // count
    return iter([paths[start * size : (start + 1) * size] for start in range(count)])
