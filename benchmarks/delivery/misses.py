"""Thumbnails that were never rendered: by GET and by POST, beside the engine alone and the peers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from .connection import Request
from .contenders import Contender, cover_query, first, take_turns, thumbnails, window_of
from .engine_alone import LoopResult, render, run_loop, warm_processes
from .load import load_with_threads
from .options import Options
from .peers import RUNNERS, Peer, find_missing
from .photographs import PIXELS_12_MP, PIXELS_24_MP, make_photographs
from .sections import Section, number, percent
from .server import WITHOUT_OVERVIEWS, Server, running_server

HEAD = (
    "photographs",
    "server",
    "connections",
    "good/s",
    "refused",
    "failed",
    "web CPU-ms",
    "Postgres CPU-ms",
    "over the engine",
    "CPU against imgproxy",
    "p50 ms",
    "p99 ms",
)
CONNECTIONS = (1, 8, 32)
WARM_UP = 16
"""Requests before the first window: forkservers, children and connections are there from then on."""


def miss(options: Options) -> Section:
    """GET at 1, 8 and 32 connections, and POST at 8."""
    section = Section("Thumbnails of 300 px that were never rendered", HEAD)
    with ExitStack() as running:
        server = running.enter_context(running_server(**WITHOUT_OVERVIEWS))
        for size, photographs in (("12 MP", PIXELS_12_MP), ("24 MP", PIXELS_24_MP)):
            _measure(section, options, server, (size, photographs))
    section.notes += find_missing().values()
    section.notes.append(
        "`over the engine` is the CPU of web, children and Postgres less that of a bare loop over the engine"
        " in as many processes as there are cores. The loop takes turns with the servers. This and the last"
        " ratio are medians over the rounds, in each of which all of them were measured."
    )
    return section


def _measure(section: Section, options: Options, server: Server, case: tuple[str, tuple[int, int]]) -> None:
    name, pixels = case
    folder = options.folder_for(f"miss-{pixels[0]}")
    count = 3 if options.is_quick else 10 if name == "12 MP" else 4
    photographs = make_photographs(folder, pixels, count)
    images = server.upload(photographs)
    weight = f"{name}, {median(path.stat().st_size for path in photographs) / 1e6:.1f} MB"
    gets, posts = get_requests(images), post_requests(photographs)
    all_loops: list[LoopResult] = []
    with ExitStack() as running:
        peers = [
            running.enter_context(run(folder)) for peer, run in RUNNERS.items() if peer not in find_missing()
        ]
        first_job = (photographs[0], cover_query(250, 250))
        processes = running.enter_context(warm_processes(render, first_job))
        load_with_threads(server.target, first(gets, WARM_UP), CONNECTIONS[1])
        for connections in CONNECTIONS:
            own = Contender(
                "ProgImage, GET",
                server.meter,
                window_of(server.target, gets, connections, options.window_s),
            )
            contenders = [own, *(_peer(peer, photographs, connections, options) for peer in peers)]
            if connections == 8:
                window = window_of(server.target, posts, connections, options.window_s)
                contenders.append(Contender("ProgImage, POST", server.meter, window))
            loops: list[LoopResult] = []
            for number_of_round in range(options.rounds):
                take_turns(contenders, [number_of_round])
                jobs = [(path, cover_query(300, 300)) for path in photographs] * (10 // count or 1)
                loops.append(run_loop(processes, render, jobs))
            section.lines += lines_of(contenders, (weight, connections), [loop.cpu_ms for loop in loops])
            all_loops += loops
    per_s = median(loop.per_s for loop in all_loops)
    engine_ms = median(loop.cpu_ms for loop in all_loops)
    alone = [weight, "the engine alone", "", number(per_s), "", ""]
    section.lines.append([*alone, number(engine_ms), "", "", "", "", ""])


def lines_of(
    contenders: list[Contender], case: tuple[str, int], engine_ms: list[float]
) -> list[tuple[object, ...]]:
    weight, connections = case
    imgproxy = next((peer for peer in contenders if peer.name == "imgproxy"), None)
    return [
        (
            weight,
            one.name,
            connections,
            number(one.per_s),
            percent(one.refused_share),
            one.failed,
            number(one.web_cpu_ms),
            number(one.postgres_cpu_ms),
            f"{one.over_ms(engine_ms):+.1f}",
            f"{one.times_cheaper(imgproxy):.2f} x" if imgproxy else "",
            number(one.p50_ms),
            number(one.p99_ms),
        )
        for one in contenders
    ]


def get_requests(images: list[str], quality: int = 80) -> Iterator[Request]:
    for photograph, width, height in thumbnails(images):
        yield Request(f"{images[photograph]}.jpg?{cover_query(width, height, quality)}")


def post_requests(photographs: list[Path]) -> Iterator[Request]:
    bodies = [path.read_bytes() for path in photographs]
    for photograph, width, height in thumbnails([path.name for path in photographs]):
        path = f"/transforms?{cover_query(width, height)}&format=jpeg"
        yield Request(path, "POST", bodies[photograph], "image/jpeg")


def peer_requests(peer: Peer, photographs: list[Path]) -> Iterator[Request]:
    names = [path.name for path in photographs]
    for photograph, width, height in thumbnails(names):
        yield Request(peer.spell(names[photograph], width, height))


def _peer(peer: Peer, photographs: list[Path], connections: int, options: Options) -> Contender:
    requests = peer_requests(peer, photographs)
    return Contender(peer.name, peer.meter, window_of(peer.target, requests, connections, options.window_s))
