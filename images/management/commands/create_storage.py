import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from images.models import Image
from images.storage import DiskObjectStorage, originals
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = (
        "Make where bytes are kept, once: the bucket that S3_BUCKET names, private, or the folder "
        "STORAGE_ROOT with a file that marks it. An older folder that has originals is marked."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        storage = originals()
        if isinstance(storage, DiskObjectStorage) and storage.is_new and _has_images():
            anew = f"mkdir -p {shlex.quote(str(storage.location))}/originals"
            raise CommandError(
                f"There are images, but {storage} is empty: mount it, or begin anew by `{anew}`."
            )
        try:
            is_new = storage.create()
        except Unavailable as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{'Created' if is_new else 'There already is'} {storage}.")


def _has_images() -> bool:
    try:
        return Image.objects.filter(state=Image.State.READY).exists()
    except Error:  # before the first `migrate`
        return False
