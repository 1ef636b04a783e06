import json
import sys
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from images.database import reason_of
from images.management.account_argument import get_account
from images.upkeep.overview_runs import OverviewRun
from progimage.errors import Unavailable

_INTERRUPTED = 130
"""Shells have this code for a command that Ctrl-C has ended."""


class Command(BaseCommand):
    help = (
        "Make, remove or count the overviews: reduced copies of large originals, from which renditions are "
        "decoded. Without an option it prints how many there are. May be broken off and run again: it goes "
        "on with the rest. Exits with 0 if all was done, with 1 if some could not be made, which it names, "
        "with 2 if it could not be finished."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--status", action="store_true", help="print JSON with the counts (the default)")
        action.add_argument(
            "--make", action="store_true", help="make those that are due, at a low priority, one at a time"
        )
        action.add_argument(
            "--remove",
            action="store_true",
            help="remove all of them and their bytes; set OVERVIEWS=false before, or they are made again",
        )
        parser.add_argument("--account", help="only those of the images of the account with this name")

    def handle(self, *args: Any, make: bool, remove: bool, **options: Any) -> None:
        run = OverviewRun(get_account(options["account"]))
        if make and not settings.OVERVIEWS:
            raise CommandError("Expected OVERVIEWS=true but it is switched off", returncode=2)
        try:
            if make:
                self._go_through(run, run.make(), run.count_images(), "image")
            if remove:
                self._go_through(run, run.remove(), run.count_overviews(), "overview")
            status = run.status()
        except (Unavailable, Error) as error:
            raise CommandError(f"Could not go on: {reason_of(error)}", returncode=2) from error
        except KeyboardInterrupt as error:
            raise CommandError("Broken off: the next run goes on", returncode=_INTERRUPTED) from error
        self.stdout.write(json.dumps(status, indent=2))
        if run.failures:
            sys.exit(1)

    def _go_through(self, run: OverviewRun, ids: Iterable[UUID], total: int, unit: str) -> None:
        for image_id in tqdm(ids, total=total, unit=unit, leave=False, disable=None):
            error = run.failures.get(image_id)
            if error is not None:
                with tqdm.external_write_mode():
                    self.stderr.write(f"{image_id}: {error.message}")
