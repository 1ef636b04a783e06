"""The WSGI application: `granian --interface wsgi config.wsgi:application`."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django.setup(set_prefix=False)

# These need Django to be set up.
from .checks import stop_if_wrong  # noqa: E402
from .http.outermost import Handler, Outermost  # noqa: E402

application = Outermost(Handler())

stop_if_wrong()

# Every object so far lives as long as the process. A full garbage collection that scans them all again would
# stop every thread for 0.1 s.
gc.freeze()
