"""The WSGI application, which config/web_server.py serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from images import temporary_files  # noqa: E402 - needs Django to be set up

from .checks import stop_if_wrong  # noqa: E402

stop_if_wrong()
temporary_files.keep_swept()

# Every object so far lives as long as the process. A full garbage collection that scans them all again would
# stop every thread for 0.1 s.
gc.freeze()
