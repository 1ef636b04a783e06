"""The Celery application: `celery -A config worker`. Its settings are Django's settings named CELERY_*."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_NICENESS = 5
"""A third of the processor if a web server on the same machine wants all of it, too."""

app = Celery("progimage")
# Otherwise threads that did not import this module would send messages to a default broker.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**options: Any) -> None:
    """Do nothing. If no receiver is connected to this signal, Celery replaces the root logger's handlers."""


@worker_init.connect
def _give_way(**options: Any) -> None:
    """Lower the priority of this process and its children: nobody waits for the work of a worker."""
    os.nice(_NICENESS)


@worker_ready.connect
def _keep_temporary_files_swept(**options: Any) -> None:
    from images import temporary_files

    temporary_files.keep_swept()
