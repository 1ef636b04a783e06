"""The WSGI application, which config/web_server.py serves."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django.setup(set_prefix=False)

# These need Django to be set up.
from django.conf import settings  # noqa: E402

from accounts.access.authentication import find_keys_by  # noqa: E402
from images import temporary_files  # noqa: E402
from images.delivery.change_listener import listener  # noqa: E402
from images.delivery.invalidation import changes  # noqa: E402
from images.fast_path.direct_pool import direct_pool  # noqa: E402

from .checks import stop_if_wrong  # noqa: E402
from .http.fast_answers import FastAnswers  # noqa: E402
from .http.hot_cache import HotCache  # noqa: E402
from .http.outermost import Handler, Outermost  # noqa: E402
from .slow_clients.application import Application, limit_slow_clients  # noqa: E402

# The innermost layer reads the rest of a body while that has a time limit, for which the outer one answers.
application: Application = Outermost(limit_slow_clients(FastAnswers(Outermost(Handler()))))
if settings.HOT_CACHE_BYTES:
    application = HotCache(application, max_bytes=settings.HOT_CACHE_BYTES)

find_keys_by(direct_pool.fetch_or_ask_django)
stop_if_wrong()
temporary_files.keep_swept()
changes.on_first_use = listener.start

# Every object so far lives as long as the process. A full garbage collection that scans them all again would
# stop every thread for 0.1 s.
gc.freeze()
