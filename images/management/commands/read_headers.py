import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from images.database import reason_of
from images.management.account_argument import get_account
from images.upkeep.header_reading import HeaderReading, max_concurrency
from progimage.errors import Unavailable

_INTERRUPTED = 130
"""Shells have this code for a command that Ctrl-C has ended."""
_API_NAMES = {"is_hdr": "hdr"}


class Command(BaseCommand):
    help = (
        "Read the headers of stored originals again, and write the facts that differ: those about colours "
        "(hdr and color_space), and format, size, frames, alpha and orientation if this release reads them "
        "otherwise. Reads the images without facts about colours, which an earlier release has stored, or "
        "with --all every image. May be broken off and run again: it goes on with the images that still lack "
        "them. Exits with 0 if all could be read, with 1 if some could not, which it names, with 2 if it "
        "could not be finished."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="read the images that have these facts, too")
        parser.add_argument("--account", help="read only the images of the account with this name")
        parser.add_argument("--dry-run", action="store_true", help="read and report, and write nothing")
        parser.add_argument(
            "--concurrency",
            type=_parse_concurrency,
            default=1,
            help=f"originals that are read at once, from 1 to {max_concurrency()} (default 1)",
        )

    def handle(self, *args: Any, dry_run: bool, concurrency: int, **options: Any) -> None:
        reading = HeaderReading(
            account=get_account(options["account"]),
            reads_all=options["all"],
            is_dry=dry_run,
            concurrency=concurrency,
        )
        try:
            self._run(reading)
        except (Unavailable, Error) as error:
            self.stdout.write(_report(reading))
            raise CommandError(f"Could not go on: {reason_of(error)}", returncode=2) from error
        except KeyboardInterrupt as error:
            self.stdout.write(_report(reading))
            raise CommandError(_next_run(reading), returncode=_INTERRUPTED) from error
        self.stdout.write(_report(reading))
        if reading.failures:
            sys.exit(1)

    def _run(self, reading: HeaderReading) -> None:
        for image_id in tqdm(reading.run(), total=reading.count(), unit="image", leave=False, disable=None):
            error = reading.failures.get(image_id)
            if error is not None:
                with tqdm.external_write_mode():
                    self.stderr.write(f"{image_id}: {error.message}")


def _parse_concurrency(text: str) -> int:
    limit = max_concurrency()
    if not text.isdecimal() or not 1 <= int(text) <= limit:
        raise ArgumentTypeError(f"Expected a number from 1 to {limit} but received {text!r}")
    return int(text)


def _next_run(reading: HeaderReading) -> str:
    begins_anew = reading.is_dry or reading.reads_all
    return "Broken off: the next run begins anew" if begins_anew else "Broken off: the next run goes on"


def _report(reading: HeaderReading) -> str:
    verb = "Would change" if reading.is_dry else "Changed"
    sentences = [f"Read {_images(reading.read)}. {verb} the facts of {reading.changed}."]
    if reading.corrections:
        corrections = sorted(reading.corrections.items())
        counts = ", ".join(f"{_API_NAMES.get(name, name)} {count}" for name, count in corrections)
        sentences.append(f"Facts that were known and are others now: {counts}.")
    if reading.failures:
        sentences.append(f"Could not read {_images(len(reading.failures))}.")
    return " ".join(sentences)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"
