"""The engine against naive Pillow, libvips and sharp: the same jobs on the same files, engines taking turns.

    python -m benchmarks.engine [JOB ...]

A process for each engine and job; after a round to warm up, each does the job once per round. Medians of CPU
ms over all threads and of wall ms, and peak memory by process, go to benchmarks/results/engine.md."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from tqdm import tqdm

from benchmarks.engine.jobs import JOBS, Job, make_sources

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ENGINES = ("progimage", "pillow", "libvips", "sharp")
ROUNDS, MAX_ROUNDS, LEAST_S = 7, 50, 5.0
"""Short jobs are done more often: a busy neighbour shows in them most."""
MAX_RATIO = 1.3
INTRODUCTION = f"""# The engine against its peers

`make bench-engine`. CPU ms over all threads / wall ms / peak MB of the process: medians of {ROUNDS} rounds,
of more for short jobs, in which the engines took turns, on {os.cpu_count()} virtual cores. Ratios carry over
to other machines, absolute figures do not. What is over {MAX_RATIO} times the best other has a line in
docs/decisions.md.

"""


@dataclass
class Runner:
    """A process that does one job with one engine each time it is told."""

    process: subprocess.Popen[str]
    runs: list[list[float]] = field(default_factory=list)
    peak_mb: float = 0.0

    def run(self) -> list[float]:
        print(file=self.process.stdin, flush=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise SystemExit(f"{self.process.args} ended with {self.process.wait()}")
        measured: list[float] = json.loads(line)
        return measured

    def median(self, column: int) -> float:
        return statistics.median(run[column] for run in self.runs)

    def stop(self) -> None:
        """Note the peak memory (a child's ru_maxrss begins with its parent's), and end the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        self.peak_mb = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
        self.process.communicate()


def start(engine: str, job: Job, folder: Path) -> Runner:
    target = folder / f"{engine}.{job.format}"
    if engine == "sharp":
        watermark = str(folder / "watermark.png")
        command = [
            "node",
            str(HERE / "sharp_worker.mjs"),
            job.recipe,
            str(folder / job.source),
            str(target),
            watermark,
        ]
    else:
        command = [
            sys.executable,
            "-m",
            "benchmarks.engine.worker",
            engine,
            job.name,
            str(folder),
            str(target),
        ]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return Runner(process)


def measure(job: Job, folder: Path) -> dict[str, Runner]:
    runners = {engine: start(engine, job, folder) for engine in ENGINES}
    start_s = time.monotonic()
    for round_ in range(MAX_ROUNDS + 1):
        if round_ > ROUNDS and time.monotonic() - start_s > LEAST_S:
            break
        # whoever begins has the coldest caches: each does in turn
        for engine in (*ENGINES[round_ % len(ENGINES) :], *ENGINES[: round_ % len(ENGINES)]):
            measured = runners[engine].run()
            runners[engine].runs += [measured] if round_ else []
    for runner in runners.values():
        runner.stop()
    return runners


def ratio(runners: dict[str, Runner]) -> float:
    """Return the project's CPU ms against those of the best of the others."""
    return runners["progimage"].median(1) / min(runners[engine].median(1) for engine in ENGINES[1:])


def table(results: dict[Job, dict[str, Runner]]) -> str:
    rows = [
        "| job | " + " | ".join(ENGINES) + " | CPU, against the best other |",
        "|---|" + "---|" * (len(ENGINES) + 1),
    ]
    for job, runners in results.items():
        cells = [_cell(runners[engine]) for engine in ENGINES]
        mark = " **over**" if ratio(runners) > MAX_RATIO else ""
        rows.append(f"| {job.name} | " + " | ".join(cells) + f" | {ratio(runners):.2f}{mark} |")
    return "\n".join(rows)


def _cell(runner: Runner) -> str:
    return f"{runner.median(1):.0f} / {runner.median(0):.0f} / {runner.peak_mb:.0f}"


def plot(results: dict[Job, dict[str, Runner]], path: Path) -> None:
    mpl.rcParams["svg.hashsalt"] = "progimage"
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(results) + 1.5))
    height = 0.8 / len(ENGINES)
    for place, engine in enumerate(ENGINES):
        at = [index + place * height for index in range(len(results))]
        axes.barh(at, [runners[engine].median(1) for runners in results.values()], height, label=engine)
    axes.set_yticks([index + 0.3 for index in range(len(results))], [job.name for job in results])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("CPU ms, all threads (log scale; less is better)")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    chosen = [job for job in JOBS if not sys.argv[1:] or job.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="progimage-bench-") as name:
        folder = Path(name)
        make_sources(folder)
        results = {job: measure(job, folder) for job in tqdm(chosen, desc="jobs")}
    text = table(results)
    print(text)  # noqa: T201
    if len(chosen) == len(JOBS):
        (RESULTS / "engine.md").write_text(f"{INTRODUCTION}{text}\n\n![CPU ms](engine.svg)\n")
        plot(results, RESULTS / "engine.svg")


if __name__ == "__main__":
    main()
