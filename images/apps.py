"""The Django app of originals and their renditions."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    name = "images"

    def ready(self) -> None:
        from . import temporary_files, worker_pool

        worker_pool.configure()
        temporary_files.sweep()
