"""The cost of a rendition on its way to a browser, side by side with peers: `make bench-delivery`.

    python -m benchmarks.delivery [ROW ...] [--quick] [--seconds S] [--baseline REVISION] [--to FILE]

Starts all servers on the loopback interface, ends them, and writes benchmarks/results/delivery.md."""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .hits import hot, tail
from .misses import miss
from .options import Options, Row
from .overviews_ready import overviews
from .pages import page
from .sections import RESULTS, Section, report
from .server import ROOT
from .uploads import upload

ROWS: dict[str, Row] = {
    "miss": miss,
    "page": page,
    "hot": hot,
    "tail": tail,
    "overviews": overviews,
    "upload": upload,
}


def main(arguments: list[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = _parser().parse_args(arguments)
    sections: list[Section] = []
    with _folder() as folder, _baseline(chosen.baseline) as baseline:
        options = Options(
            folder=folder,
            is_quick=chosen.quick,
            seconds=chosen.seconds,
            baseline=baseline,
            baseline_name=chosen.baseline or "",
        )
        for name in chosen.rows or ROWS:
            section = ROWS[name](options)
            sections.append(section)
            show(f"{section}\n")
    if chosen.to:
        chosen.to.write_text(report(sections, is_quick=chosen.quick))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.delivery", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*ROWS, []], help=f"of {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="a short run, whose figures are coarse")
    parser.add_argument("--seconds", type=float, help="the length of a window of load")
    parser.add_argument("--baseline", metavar="REVISION", help="another revision, for `tail` and `upload`")
    parser.add_argument("--to", type=Path, default=RESULTS, help="the file with the results")
    return parser


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="progimage-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx may read files as another user
        yield folder


@contextmanager
def _baseline(revision: str | None) -> Iterator[Path | None]:
    """Yield the root of that revision's files, in a work tree that exists during the context."""
    if not revision:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="progimage-bench-") as folder:
        root = Path(folder) / "baseline"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(root), revision], check=True)  # noqa: S603
        try:
            yield root
        finally:
            subprocess.run([*git, "remove", "--force", str(root)], check=False)  # noqa: S603


def show(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the user reads it at a terminal


if __name__ == "__main__":
    sys.exit(main())
