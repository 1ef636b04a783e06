import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from images.models import Image
from images.storage import DiskObjectStorage, originals
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = (
        "Create the storage, once per installation: a private bucket if S3_BUCKET is set, or else the folder "
        "STORAGE_ROOT with a file that marks it as storage. A folder of an older version that already holds "
        "originals is marked. Running it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        storage = originals()
        if isinstance(storage, DiskObjectStorage) and storage.is_new and _has_images():
            command = f"mkdir -p {shlex.quote(str(storage.location))}/originals"
            raise CommandError(
                f"The database has images, but {storage} is empty. If its volume is not mounted, mount it "
                f"and try again. To begin anew without the old bytes, run `{command}` first."
            )
        try:
            is_new = storage.create()
        except Unavailable as error:
            raise CommandError(error.message) from error
        if is_new:
            self.stdout.write(f"Created {storage}.")
        else:
            self.stdout.write(f"There already is {storage}.")


def _has_images() -> bool:
    try:
        return Image.objects.ready().exists()
    except Error:  # before the first `migrate`
        return False
