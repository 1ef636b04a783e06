from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import services
from accounts.models import Account, Scope

_MAX_DAYS = 36_500


class Command(BaseCommand):
    help = "Create an API key for an account. It is printed on standard output, and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="the name of the account")
        parser.add_argument(
            "--name",
            default="command line",
            help="the application or person that uses the key (default: %(default)s)",
        )
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="a scope of the key; repeat the option for several (default: read and write)",
        )
        parser.add_argument(
            "--days",
            type=int,
            help="the number of days for which the key is valid (default: until it is revoked)",
        )

    def handle(self, *args: Any, account: str, name: str, days: int | None, **options: Any) -> None:
        owner = Account.objects.filter(name=account).first()
        if owner is None:
            raise CommandError(
                f"There is no account {account!r}: create it with manage.py create_account {account!r}"
            )
        if days is not None and not 1 <= days <= _MAX_DAYS:
            raise CommandError(f"Expected 1 to {_MAX_DAYS} for --days but received {days}")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        try:
            _, text = services.create_api_key(
                owner,
                name=name,
                scopes=options["scopes"] or services.DEFAULT_SCOPES,
                expires_at=expires_at,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(
            "Copy the key now, it cannot be shown again. Send it as Authorization: Bearer <key>"
        )
        self.stdout.write(str(text))
