from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from . import celery, checks  # noqa: F401 - each registers something by being imported
        from .http import openapi  # noqa: F401
