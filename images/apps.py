"""The Django app of originals and their renditions."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    name = "images"

    def ready(self) -> None:
        from . import temporary_files
        from .renditions import rendering

        rendering.configure()
        temporary_files.sweep()
