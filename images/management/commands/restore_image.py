from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from images import services
from progimage.errors import NotFound


class Command(BaseCommand):
    help = "Take deletions back, while the grace period lasts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("image_id", type=UUID, nargs="+")

    def handle(self, *args: Any, image_id: list[UUID], **options: Any) -> None:
        refused = []
        for one in image_id:
            try:
                services.restore(one)
                self.stdout.write(f"Restored {one}.")
            except NotFound as error:
                refused.append(f"{one}: {error.message}")
        if refused:
            raise CommandError("\n".join(refused))
