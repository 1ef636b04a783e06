from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from images.services import deleting
from progimage.errors import NotFound


class Command(BaseCommand):
    help = "Restore deleted images. This is possible until their grace period is over (DELETED_GRACE_S)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "image_ids",
            metavar="image_id",
            type=UUID,
            nargs="+",
            help="id of a deleted image; several are separated by spaces",
        )

    def handle(self, *args: Any, image_ids: list[UUID], **options: Any) -> None:
        refusals = []
        for image_id in image_ids:
            try:
                deleting.restore(image_id)
            except NotFound as error:
                refusals.append(f"{image_id}: {error.message}")
            else:
                self.stdout.write(f"Restored {image_id}.")
        if refusals:
            raise CommandError("\n".join(refusals))
