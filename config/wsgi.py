"""What a WSGI server runs: `granian --interface wsgi config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from .checks import stop_if_wrong  # noqa: E402 - needs Django to be set up

stop_if_wrong()
