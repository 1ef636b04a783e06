"""One job of one engine in a process of its own: a line on stdin does it once.

    python -m benchmarks.engine.worker ENGINE JOB FOLDER TARGET

The answer is a line of JSON: wall ms, and CPU ms over all threads."""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.engine.jobs import JOBS, WATERMARK, Job

_RECIPES = {"pillow": "benchmarks.engine.naive_pillow", "libvips": "benchmarks.engine.vips"}


def prepare(engine: str, job: Job, folder: Path, target: Path) -> Callable[[], object]:
    """Return what does the job once; each engine imports what it needs alone."""
    source, watermark = folder / job.source, folder / "watermark.png"
    if engine == "progimage":
        return prepare_own(job, source, watermark, target)
    recipes = import_module(_RECIPES[engine]).RECIPES
    return lambda: recipes[job.recipe](source, target, watermark)


def prepare_own(job: Job, source: Path, watermark: Path, target: Path) -> Callable[[], object]:
    from progimage.text_form import parse_query
    from transforms.decoding.decode import probe
    from transforms.engine import render_file
    from transforms.planning.resolve import resolve
    from transforms.workers.child import keep_freed_memory

    # as in a child of the pool, which gets a resolved transform: the source was probed when it was uploaded
    keep_freed_memory()
    output = [tuple(pair.split("=")) for pair in job.output.split(",") if pair]
    asked = parse_query([("transform", job.transform), ("format", job.format), *output])  # type: ignore[list-item]
    transform = resolve(asked, probe(source).format)

    def run() -> None:
        render_file(source, transform, target, others={WATERMARK: watermark})

    return run


def main() -> None:
    engine, name, folder, target = sys.argv[1:]
    job = next(job for job in JOBS if job.name == name)
    run = prepare(engine, job, Path(folder), Path(target))
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        used = [(time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3]
        print(json.dumps(used), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
