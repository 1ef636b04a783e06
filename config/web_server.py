"""The web server: granian's command line, as `python -m config.web_server`.

granian takes two deaths of a worker within 5.5 s for a fault in the application, and ends. But a worker that
was killed says nothing about the application: the kernel was short of memory, or an operator killed it. The
requests of the other workers must go on."""

import logging
import os
import resource
import time
from typing import Any

from granian import cli
from granian.log import logger
from granian.server import MPServer

_PAUSE_S = 1.0
"""Before a worker starts whose forerunner was killed at once. Starts must not take all CPU time."""
_SOON_S = 5.5
"""As long as granian takes a death for one of a loop."""
_MAX_DESCRIPTORS = 65_536
"""For one process. Each connection is a file descriptor, and many systems begin with 1,024."""


_WARNING_OF_THREADS = "Configuration allows spawning up to"
"""granian advises against many threads. Most of these only wait: docs/decisions.md, 10."""


class WebServer(MPServer):
    """granian's server. With --respawn-failed-workers it starts a killed worker again, however often.

    A worker that ends by itself, as with a wrong setting, still ends the server the second time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # granian reads this variable, too. config/slow_clients/connection_guard.py must know the number.
        os.environ["GRANIAN_BLOCKING_THREADS"] = str(self.blocking_threads)

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        killed = [index for index in workers if _was_killed(self.wrks[index])]
        if any(time.monotonic() - self.wrks[index].birth < _SOON_S for index in killed):
            self._pause()
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        for index in killed:
            # Without the time of its start, its next death is not taken for one of a loop.
            self.respawned_wrks.pop(index, None)

    def _pause(self) -> None:
        deadline = time.monotonic() + _PAUSE_S
        while time.monotonic() < deadline and not self.interrupt_signal:
            time.sleep(0.05)


def _was_killed(worker: Any) -> bool:
    exit_code = worker.inner.exitcode
    return exit_code is not None and exit_code < 0


def raise_descriptor_limit() -> None:
    """Let this process and its workers have many connections, as far as the system allows."""
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    new_limit = _MAX_DESCRIPTORS
    if hard_limit != resource.RLIM_INFINITY:
        new_limit = min(new_limit, hard_limit)
    if soft_limit != resource.RLIM_INFINITY and soft_limit < new_limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (new_limit, hard_limit))


def is_news(record: logging.LogRecord) -> bool:
    """Return False for a warning of granian's about a choice that is ours."""
    return not record.getMessage().startswith(_WARNING_OF_THREADS)


def main() -> None:
    """Run granian's command line with this server."""
    logger.addFilter(is_news)
    raise_descriptor_limit()
    cli.Server = WebServer  # type: ignore[attr-defined]
    cli.entrypoint()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
