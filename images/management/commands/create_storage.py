from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from images.services.storage_ownership import ForeignStorage, claim_storage
from images.storage import originals
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = (
        "Create the storage, once per installation: a private bucket if S3_BUCKET is set, or else the folder "
        "STORAGE_ROOT. A marker in it names this database. No server uses a storage without it. A storage of "
        "an older version is marked if it holds the images of the database. Tries whether the storage can do "
        "everything that is needed. Needs the tables of `migrate`. Running it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--force",
            action="store_true",
            help="mark a storage that lacks the images of the database, or that belongs to another database",
        )

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        storage = originals()
        try:
            is_new = claim_storage(storage, force=force)
        except ForeignStorage as error:
            raise CommandError(f"{error} {storage.advice}") from error
        except Unavailable as error:
            raise CommandError(storage.explain(error)) from error
        if is_new:
            self.stdout.write(f"Created {storage}.")
        else:
            self.stdout.write(f"There already is {storage}.")
