"""The WSGI application: `granian --interface wsgi config.wsgi:application`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from .checks import stop_if_wrong  # noqa: E402 - needs Django to be set up

stop_if_wrong()

# Every object so far lives as long as the process. A full garbage collection that scans them all again would
# stop every thread for 0.1 s.
gc.freeze()
