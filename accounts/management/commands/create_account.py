from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services


class Command(BaseCommand):
    help = "Create an account: an application that owns images. Then create its key with create_api_key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's name, which no other account may have")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        try:
            account = services.create_account(name)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Created the account {account.name}.")
        self.stderr.write(f"Next: manage.py create_api_key {account.name!r} --name <name of the key>")
