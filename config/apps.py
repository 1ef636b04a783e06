from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Importing these modules registers Celery's application, the system checks and the OpenAPI schemes.
        from . import celery, checks  # noqa: F401
        from .http import openapi  # noqa: F401
