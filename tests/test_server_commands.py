"""The web server's command line: the same for `make run` and in a container, as far as it can be."""

import json
import re
from pathlib import Path

from config.local.server_commands import WEB

DOCKERFILE = Path(__file__).parent.parent / "Dockerfile"
OF_ONE_MACHINE = ("--host", "--port", "--workers-kill-timeout")


def options(command: list[str]) -> set[str]:
    return {argument for argument in command if not argument.startswith(OF_ONE_MACHINE)}


def test_a_container_runs_what_make_run_runs() -> None:
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    match = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert match
    command = json.loads(match[1])
    assert command[:2] == ["python", "-m"]
    assert options(command[2:]) == options(list(WEB))
