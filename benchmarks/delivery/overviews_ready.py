"""Thumbnails that were never rendered, from originals whose overviews are ready, against imgproxy."""

import time
from contextlib import ExitStack

import psycopg
from psycopg import sql

from .contenders import Contender, first, ratio, take_turns, window_of
from .load import load_with_threads
from .misses import WARM_UP, get_requests, peer_requests
from .options import Options
from .peers import RUNNERS, find_missing
from .photographs import PIXELS_12_MP, PIXELS_24_MP, make_photographs
from .sections import Section, number, percent
from .server import ROOT, Server, running_server

CONNECTIONS = 8
TABLE = "images_overview"
READY_TIMEOUT_S = 60.0
TITLE = "Thumbnails of 300 px, never rendered, with overviews ready, 8 connections"
HEAD = ("photographs", "server", "good/s", "refused", "web CPU-ms", "Postgres CPU-ms", "p50 ms",
        "rate against it", "CPU against it")  # fmt: skip


def overviews(options: Options) -> Section:
    """12 and 24 megapixels, when their overviews are there."""
    section = Section(TITLE, HEAD)
    if not (ROOT / "images" / "models" / "overviews.py").exists():
        section.notes.append("Skipped: this revision has no overviews.")
        return section
    for name, pixels in (("12 MP", PIXELS_12_MP), ("24 MP", PIXELS_24_MP)):
        with ExitStack() as running:
            server = running.enter_context(running_server())
            photographs = make_photographs(options.folder_for(f"overviews-{pixels[0]}"), pixels, 4)
            images = server.upload(photographs)
            if not wait_for_overviews(server, len(images)):
                section.notes.append(f"{name}: overviews were not ready within {READY_TIMEOUT_S:g} s.")
                continue
            peers = [
                running.enter_context(run(photographs[0].parent))
                for peer, run in RUNNERS.items()
                if peer not in find_missing()
            ]
            requests = get_requests(images)
            load_with_threads(server.target, first(requests, WARM_UP), CONNECTIONS)
            window = window_of(server.target, requests, CONNECTIONS, options.window_s)
            own = Contender("ProgImage", server.meter, window)
            others = [
                Contender(
                    peer.name,
                    peer.meter,
                    window_of(peer.target, peer_requests(peer, photographs), CONNECTIONS, options.window_s),
                )
                for peer in peers
            ]
            take_turns([own, *others], range(options.rounds))
            for one in (own, *others):
                section.lines.append(
                    (name, one.name, number(one.per_s), percent(one.refused_share), number(one.web_cpu_ms),
                     number(one.postgres_cpu_ms), number(one.p50_ms), f"{ratio(own.per_s, one.per_s):.2f} x",
                     f"{own.times_cheaper(one):.2f} x")
                )  # fmt: skip
    section.notes += find_missing().values()
    return section


def wait_for_overviews(server: Server, count: int) -> bool:
    """Return whether so many overviews have become ready in time."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE state = 'ready'").format(sql.Identifier(TABLE))
    deadline = time.monotonic() + READY_TIMEOUT_S
    with psycopg.connect(server.environment["DATABASE_URL"], autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute(query).fetchone()
            if row is not None and row[0] >= count:
                return True
            time.sleep(0.5)
    return False
