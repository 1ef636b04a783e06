"""The processes of a pool: started by a forkserver that knows the engine, and ended at once."""

import os
from multiprocessing import forkserver, get_context
from pathlib import Path

from pebble import ProcessPool

from .child import confine

_ROOT = Path(__file__).parents[2]
_PRELOADED = "transforms.workers.forkserver"


def start_processes(
    *,
    count: int,
    max_tasks: int,
    max_memory_bytes: int,
    max_output_bytes: int,
) -> ProcessPool:
    """Return a pool of `count` children. Each is replaced after `max_tasks`."""
    context = get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    _start_forkserver()
    return ProcessPool(
        max_workers=count,
        max_tasks=max_tasks,
        initializer=confine,
        initargs=(max_memory_bytes, max_output_bytes),
        context=context,
    )


def end_processes(processes: ProcessPool) -> None:
    processes.stop()  # type: ignore[no-untyped-call]
    processes.join()


def _start_forkserver() -> None:
    """Start the forkserver with a PYTHONPATH to this package.

    It receives its parent's sys.path and ignores it."""
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
    initial_state = vars(forkserver.ForkServer())
    vars(forkserver._forkserver).update(initial_state)  # noqa: SLF001
