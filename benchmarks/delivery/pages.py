"""A page with 40 different thumbnails, all of which one account asks for at once."""

from statistics import median

from .contenders import cover_query, first, ratio
from .engine_alone import Job, render, run_loop, warm_processes
from .load import Load, load_with_threads
from .misses import get_requests
from .options import Options
from .photographs import PIXELS_12_MP, make_photographs
from .sections import Section, number
from .server import WITHOUT_OVERVIEWS, running_server

THUMBNAILS = 40
RUNS = 5


def page(options: Options) -> Section:
    """The time until the last of 40 thumbnails is there, over 40 and over 6 connections."""
    title = f"A page of {THUMBNAILS} thumbnails of 12 MP, never rendered"
    section = Section(title, ("connections", "answered 200", "page, s", "bare loop, s", "ratio"))
    photographs = make_photographs(options.folder_for("page"), PIXELS_12_MP, 4 if options.is_quick else 10)
    jobs: list[Job] = [(photographs[n % len(photographs)], cover_query(300, 300)) for n in range(THUMBNAILS)]
    with running_server(**WITHOUT_OVERVIEWS) as server, warm_processes(render, jobs[0]) as processes:
        requests = get_requests(server.upload(photographs))
        for request in first(requests, 4):
            load_with_threads(server.target, [request], 1)
        for connections in (THUMBNAILS, 6):
            pages: list[Load] = []
            loops: list[float] = []
            for _ in range(2 if options.is_quick else RUNS):
                loops.append(run_loop(processes, render, jobs).wall_s)
                pages.append(load_with_threads(server.target, first(requests, THUMBNAILS), connections))
            good = "-".join(
                str(end) for end in sorted({min(p.good for p in pages), max(p.good for p in pages)})
            )
            page_s = median(page.wall_s for page in pages)
            quotients = [ratio(page.wall_s, loop) for page, loop in zip(pages, loops, strict=True)]
            section.lines.append(
                (connections, f"{good} of {THUMBNAILS}", number(page_s), number(median(loops)),
                 f"{median(quotients):.2f}")
            )  # fmt: skip
    section.notes.append(
        "The bare loop renders the same photographs by the engine in as many processes as there are cores."
        " The ratio is the median over pairs of neighbours. It says nothing if thumbnails were refused."
    )
    return section
