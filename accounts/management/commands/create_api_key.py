from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import services
from accounts.models import Account, Scope

_MAX_DAYS = 36_500


class Command(BaseCommand):
    help = "Create an API key for an account and print it, this once, on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="the account's name")
        parser.add_argument("--name", default="command line", help="what uses the key (default: %(default)s)")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="what the key may do; may be given several times (default: read and write)",
        )
        parser.add_argument("--days", type=int, help="how many days it is valid (default: until revoked)")

    def handle(self, *args: Any, account: str, name: str, days: int | None, **options: Any) -> None:
        owner = Account.objects.filter(name=account).first()
        if owner is None:
            raise CommandError(f"There is no account {account!r}: manage.py create_account {account!r}")
        if days is not None and not 1 <= days <= _MAX_DAYS:
            raise CommandError(f"Expected 1 to {_MAX_DAYS} for --days but received {days}")
        try:
            _, text = services.create_api_key(
                owner,
                name=name,
                scopes=options["scopes"] or services.DEFAULT_SCOPES,
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write("The key is shown this once. Send it as Authorization: Bearer <key>")
        self.stdout.write(str(text))
