"""The embedded services of a run, and the environment that tells the server their addresses.

If the environment already names a service (DATABASE_URL, VALKEY_URL, S3_BUCKET), the server uses that one."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Protocol
from urllib.parse import urlsplit

from . import seaweedfs
from .postgres import Postgres
from .processes import Process, end_marked
from .seaweedfs import S3
from .state import State
from .valkey import Valkey


class Service(Protocol):
    process: Process | None

    @property
    def environment(self) -> dict[str, str]: ...

    def start(self) -> None: ...

    def stop(self) -> object: ...


def choose(state: State, storage: str) -> list[Service]:
    """Return the services that the environment does not name. `storage` is "disk" or "s3"."""
    services: list[Service] = []
    if not os.environ.get("DATABASE_URL"):
        services.append(make_postgres(state))
    if not os.environ.get("VALKEY_URL"):
        services.append(make_valkey(state))
    if storage == "s3" and not os.environ.get("S3_BUCKET"):
        services.append(make_s3(state))
    return services


def start(services: Sequence[Service], running: ExitStack) -> Sequence[Service]:
    """Start all services at once. `running` stops them, even if one of them fails to start."""
    for service in services:
        running.callback(service.stop)
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(service.start) for service in services]
        for started in starts:
            started.result()
    return services


def stop_leftovers(state: State) -> bool:
    """End the processes that a killed supervisor left, and return True if there were any."""
    count = end_marked(state.mark)
    count += end_marked(f"{state.mark}{seaweedfs.MARK_SUFFIX}", timeout_s=seaweedfs.STOP_TIMEOUT_S)
    postgres_ran = make_postgres(state).stop()
    return postgres_ran or count > 0


def build_environment(state: State, url: str, services: Sequence[Service]) -> dict[str, str]:
    """Return the server's environment. A SECRET_KEY is generated only for an embedded Postgres."""
    inherited = {name: value for name, value in os.environ.items() if value}
    embedded: dict[str, str] = {}
    for service in services:
        embedded |= service.environment
    defaults = {
        "PUBLIC_URL": url,
        "ALLOWED_HOSTS": _hosts(inherited.get("PUBLIC_URL", url)),
        "TEMP_DIR": str(state.private_folder("tmp")),
    }
    if "S3_BUCKET" not in inherited | embedded:
        defaults["STORAGE_ROOT"] = str(state.private_folder("files"))
    if "DATABASE_URL" in embedded:
        defaults["SECRET_KEY"] = state.get_secret("SECRET_KEY")
    return defaults | inherited | embedded


def _hosts(public_url: str) -> str:
    """Return the names of this machine and the one by which clients reach it."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    with suppress(ValueError):
        host = urlsplit(public_url).hostname or names[0]
        names.append(f"[{host}]" if ":" in host else host)
    return ",".join(dict.fromkeys(names))


def make_postgres(state: State, *, durable: bool = True) -> Postgres:
    log = state.private_folder("log") / "postgres.log"
    return Postgres(state=state.folder, password=state.get_secret("postgres"), log=log, durable=durable)


def make_valkey(state: State) -> Valkey:
    log = state.private_folder("log") / "valkey.log"
    password = state.get_secret("valkey")
    return Valkey(home=state.private_folder("valkey"), password=password, mark=state.mark, log=log)


def make_s3(state: State, *, bucket: str = "progimage") -> S3:
    log = state.private_folder("log") / "s3.log"
    secret = state.get_secret("s3")
    return S3(home=state.private_folder("s3"), bucket=bucket, secret=secret, mark=state.mark, log=log)
