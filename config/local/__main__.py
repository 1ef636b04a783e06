"""The command line behind `make run`, `make stop` and `make manage`."""

import argparse
import sys
from pathlib import Path

from . import Refused, say, supervisor
from .state import DEFAULT_FOLDER, State


def main() -> None:
    options = _parser().parse_args()
    try:
        if options.command == "run":
            supervisor.run(State(options.var), port=options.port, storage=options.storage)
        elif options.command == "manage":
            supervisor.manage(State(options.var), options.arguments)
        elif options.var.exists():
            supervisor.stop(State(options.var))
        else:
            say(f"ProgImage: nothing was running, there is no folder {options.var}")
    except Refused as refusal:
        sys.exit(f"ProgImage: {refusal}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start ProgImage, and run until it is stopped")
    run.add_argument("--port", type=_port, default=8000)
    run.add_argument("--storage", choices=("disk", "s3"), default="disk")
    stop = commands.add_parser("stop", help="stop ProgImage, or the processes that a killed run left")
    manage = commands.add_parser("manage", help="run a command of manage.py while ProgImage runs")
    for command in (run, stop, manage):
        command.add_argument(
            "--var",
            type=Path,
            default=DEFAULT_FOLDER,
            help="the folder with the state (default: %(default)s)",
        )
    manage.add_argument("arguments", nargs=argparse.REMAINDER, help="the command and its arguments")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535 but received {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
