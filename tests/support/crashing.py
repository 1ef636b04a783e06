"""A process that answers requests, each in a fork of its own that may be killed before its n-th effect.

`python -m tests.support.crashing` reads orders, one JSON object a line, and answers each by a line: the response to
the request, or null if its process was killed. Effects are counted at the borders of the process: SQL
statements and commits, methods of the storage, links and syncs of files."""

import base64
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_STORAGE_EFFECTS = ("new_draft", "put", "delete", "open_range", "local_path", "find_object")


class Crashing:
    """The other end of that process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def request(self, before_effect: int, method: str, path: str, **options: Any) -> tuple[int, Any] | None:
        """Return status and body of the response; None if the process was killed before it gave one."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"before_effect": before_effect, "method": method, "path": path, **options}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return None if answer is None else (answer["status"], base64.b64decode(answer["body"]))


@contextmanager
def crashing(environment: dict[str, str]) -> Iterator[Crashing]:
    command = [sys.executable, "-m", "tests.support.crashing"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Crashing(process)
        finally:
            process.kill()


class _Failpoint:
    """Ends this process before its n-th effect."""

    def __init__(self, before_effect: int) -> None:
        self.left = before_effect

    def pass_by(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, name: str) -> None:
        effect: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(effect)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.pass_by()
            return effect(*args, **kwargs)

        setattr(owner, name, watched)

    def execute(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.pass_by()
        return execute(*args)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    from django.db import connection
    from django.db.backends.postgresql.base import DatabaseWrapper
    from django.test import Client

    from images.storage import originals

    failpoint = _Failpoint(order.pop("before_effect"))
    connection.execute_wrappers.append(failpoint.execute)
    failpoint.watch(DatabaseWrapper, "_commit")
    failpoint.watch(os, "link")
    failpoint.watch(os, "fsync")
    for name in _STORAGE_EFFECTS:
        failpoint.watch(type(originals()), name)
    body = base64.b64decode(order.pop("body", ""))
    client = Client(raise_request_exception=False)
    answer = client.generic(order.pop("method"), order.pop("path"), data=body, **order)
    content = b"".join(answer) if answer.streaming else answer.content
    failpoint.pass_by()  # the effect is done, and no client has been told yet
    return {"status": answer.status_code, "body": base64.b64encode(content).decode()}


def _serve() -> None:
    import django

    django.setup()
    from django.test import Client

    from transforms.workers.turn import Turn

    def here(_: Turn, function: Callable[..., Any], *args: object) -> Any:
        return function(*args)

    Turn.run = here  # type: ignore[method-assign,assignment]  # pixels outlive nothing: no children
    Client().get("/healthz")  # all is imported, once
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            answer = json.dumps(_answer(json.loads(line)))
            os.write(sys.stdout.fileno(), f"{answer}\n".encode())
            os._exit(0)
        end = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(end):
            os.write(sys.stdout.fileno(), b"null\n")
        elif end:
            sys.exit("the request was not answered")


if __name__ == "__main__":
    _serve()
