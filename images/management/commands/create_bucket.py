from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.storage import S3ObjectStorage, originals
from progimage.errors import Unavailable


class Command(BaseCommand):
    help = "Create the bucket that S3_BUCKET names, private, where it does not exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        storage = originals()
        if not isinstance(storage, S3ObjectStorage):
            raise CommandError("S3_BUCKET is not set: files are kept in STORAGE_ROOT, which needs no bucket.")
        try:
            is_new = storage.create_bucket()
        except Unavailable as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{'Created' if is_new else 'There already is'} the bucket {storage.bucket_name}.")
