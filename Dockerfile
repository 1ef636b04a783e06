# One image for the web server, the worker, the scheduler and manage.py. Only the command differs.
FROM python:3.13-slim AS packages
COPY requirements/server.txt .
# Only wheels are installed. A source distribution would need a compiler, and would run its own code.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --only-binary=:all: --require-hashes --requirement server.txt

FROM python:3.13-slim
RUN groupadd --gid 10001 progimage \
    && useradd --uid 10001 --gid progimage --home-dir /app --no-create-home --shell /usr/sbin/nologin progimage
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1

# The code belongs to root, so the server may only read it. It is compiled here, because containers have a
# read-only file system.
WORKDIR /app
COPY . .
RUN python -m compileall -q .

ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000

CMD ["python", "-m", "config.web_server", "config.wsgi:application", "--interface=wsgi", "--host=0.0.0.0", \
     "--port=8000", "--no-access-log", "--no-ws", "--http=1", "--http1-header-read-timeout=30000", "--workers=2", \
     "--blocking-threads=256", "--backpressure=8192", "--respawn-failed-workers", "--workers-kill-timeout=15"]
