"""The forkserver of this process: how it is started, and forgotten after a fork."""

import os
from multiprocessing import forkserver, get_context
from pathlib import Path
from threading import Lock

_ROOT = Path(__file__).parents[2]
_PRELOADED = "transforms.workers.forkserver"

_lock = Lock()


def start_forkserver() -> None:
    """Start the forkserver unless it runs, with a PYTHONPATH to this package.

    It receives its parent's sys.path and ignores it."""
    with _lock:
        get_context("forkserver").set_forkserver_preload([_PRELOADED])
        previous = os.environ.get("PYTHONPATH")
        paths = [str(_ROOT), previous] if previous else [str(_ROOT)]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        try:
            forkserver.ensure_running()
        finally:
            if previous is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = previous


def forget_forkserver() -> None:
    """Reset the state of multiprocessing's forkserver. After a fork it is the parent's."""
    global _lock  # noqa: PLW0603
    _lock = Lock()
    initial_state = vars(forkserver.ForkServer())
    vars(forkserver._forkserver).update(initial_state)  # noqa: SLF001
