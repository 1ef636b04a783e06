import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Account
from images.upkeep.reconciliation import Finding, Reconciliation, Scope
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = (
        "Hold rows against storage: what a crash has left halfway, originals and renditions without bytes, "
        "bytes without a row. Changes nothing unless --fix is given. Exits with 0 where nothing is wrong or "
        "left so, 1 where something is, 2 where that could not be found out. An object without a row is "
        "removed by the second run with --fix that sees it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="mend what can be without losing anything")
        parser.add_argument("--since", type=_moment, help="only what was made since then (ISO 8601, UTC)")
        parser.add_argument("--account", help="only what belongs to the account of this name")
        parser.add_argument(
            "--sample", type=_share, default=0.001, help="share of the originals to read and compare (0.001)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, fix: bool, sample: float, json: bool, **options: Any) -> None:
        scope = Scope(account=_find_account(options["account"]), since=options["since"])
        reconciliation = Reconciliation(scope, fix=fix, sample=sample)
        try:
            for step in tqdm(reconciliation.steps(), unit="step", leave=False, disable=None):
                step()
        except (Unavailable, Error) as error:
            raise CommandError(f"Not reconciled: {error}", returncode=2) from error
        self.stdout.write(_as_json(reconciliation) if json else _as_table(reconciliation))
        if any(finding.left for finding in reconciliation.findings.values()):
            sys.exit(1)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _find_account(name: str | None) -> Account | None:
    if name is None:
        return None
    account = Account.objects.filter(name=name).first()
    if account is None:
        raise CommandError(f"Expected the name of an account but received {name!r}", returncode=2)
    return account


def _as_json(reconciliation: Reconciliation) -> str:
    checks = {name: asdict(finding) for name, finding in reconciliation.findings.items()}
    return json.dumps({"fix": reconciliation.fix, "checks": checks}, indent=2)


def _as_table(reconciliation: Reconciliation) -> str:
    rows = [("", "found", "left"), *(_row(*item) for item in reconciliation.findings.items())]
    width = max(len(name) for name, *_ in rows)
    return "\n".join(f"{name:<{width}}  {found:>8}  {left:>8}" for name, found, left in rows)


def _row(name: str, finding: Finding) -> tuple[str, str, str]:
    return name, str(finding.found), str(finding.left)
