"""The WSGI application: `granian --interface wsgi config.wsgi:application`."""

import gc
import os
import resource

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

# These need Django to be set up.
from .checks import stop_if_wrong  # noqa: E402
from .slow_clients.application import limit_slow_clients  # noqa: E402

stop_if_wrong()
application = limit_slow_clients(django_application)

# Each connection is a file descriptor, and many systems allow a process only 1,024 unless it asks for more.
_MAX_DESCRIPTORS = 65_536
_soft_limit, _hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
if 0 <= _soft_limit < _MAX_DESCRIPTORS:
    _allowed = _MAX_DESCRIPTORS if _hard_limit < 0 else min(_hard_limit, _MAX_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft_limit, _allowed), _hard_limit))

# Every object so far lives as long as the process. A full garbage collection that scans them all again would
# stop every thread for 0.1 s.
gc.freeze()
