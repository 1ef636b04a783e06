import json
import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from tqdm import tqdm

from images.management.account_argument import get_account
from images.upkeep.reconciliation import Coverage, Finding, Reconciliation
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = (
        "Compare the database with the storage. Finds uploads, deletions and renders that a crash has left "
        "halfway, originals and renditions without bytes, and bytes without a row. Changes nothing without "
        "--fix. Exits with 0 if nothing is wrong or all of it was mended, with 1 if something remains, "
        "with 2 if the comparison could not be finished. Bytes without a row are removed by the second run "
        "with --fix that finds them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix",
            action="store_true",
            help="mend everything that can be mended without losing anything",
        )
        parser.add_argument(
            "--since",
            type=_parse_moment,
            help="look only at rows made since then (ISO 8601, UTC unless it names an offset)",
        )
        parser.add_argument("--account", help="look only at the images of the account with this name")
        parser.add_argument(
            "--sample",
            type=_parse_share,
            default=0.001,
            help="share of the originals whose bytes are read and compared, from 0 to 1 (default 0.001)",
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, fix: bool, sample: float, json: bool, **options: Any) -> None:
        account = get_account(options["account"])
        coverage = Coverage(account=account, since=options["since"])
        reconciliation = Reconciliation(coverage, fix=fix, sample=sample)
        try:
            for step in tqdm(reconciliation.steps(), unit="step", leave=False, disable=None):
                step()
        except (Unavailable, Error) as error:
            raise CommandError(f"Could not finish the comparison: {error}", returncode=2) from error
        report = _as_json(reconciliation) if json else _as_table(reconciliation)
        self.stdout.write(report)
        if any(finding.remaining for finding in reconciliation.findings.values()):
            sys.exit(1)


def _parse_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if timezone.is_naive(moment):
        return timezone.make_aware(moment)
    return moment


def _parse_share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _as_json(reconciliation: Reconciliation) -> str:
    checks = {name: _as_dict(finding) for name, finding in reconciliation.findings.items()}
    return json.dumps({"fix": reconciliation.fix, "checks": checks}, indent=2)


def _as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "found": finding.count,
        "left": finding.remaining,
        "examples": finding.examples,
    }


def _as_table(reconciliation: Reconciliation) -> str:
    name_width = max(len(name) for name in reconciliation.findings)
    lines = [_as_line("", "found", "left", name_width)]
    for name, finding in reconciliation.findings.items():
        line = _as_line(name, str(finding.count), str(finding.remaining), name_width)
        lines.append(line)
    return "\n".join(lines)


def _as_line(name: str, found: str, left: str, name_width: int) -> str:
    return f"{name:<{name_width}}  {found:>8}  {left:>8}"
