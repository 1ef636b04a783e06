"""The command lines of the web server and of the worker, as `make run` starts them."""

HOST = "127.0.0.1"
WEB = (
    "config.web_server",
    "config.wsgi:application",
    "--interface=wsgi",
    f"--host={HOST}",
    "--no-access-log",
    "--no-ws",
    "--http=1",
    "--http1-header-read-timeout=30000",  # ms for the head of a request: idle connections end, too
    "--workers=2",
    # RENDITION_WAITERS may wait for renders and SLOW_CLIENTS for clients: a quarter of them stays free.
    "--blocking-threads=256",
    # The number of open connections. A slow or idle client holds one, and the default is 512.
    "--backpressure=8192",
    "--respawn-failed-workers",
    "--workers-kill-timeout=10",
)
WORKER = (
    "celery",
    "--app=config",
    "--quiet",
    "worker",
    "--pool=threads",  # rendering starts child processes, which Celery's prefork children may not do
    "--beat",
    "--loglevel=info",
    "--without-gossip",  # there is no other worker
    "--without-mingle",
)
# Celery's warning has six lines, and a user who starts ProgImage as root knows it.
ROOT_WARNING = "ignore:You're running the worker with superuser"
