"""ProgImage on one machine, by `make run`: Postgres, Valkey, S3, web server and worker under one supervisor.

Only `make run`, the tests and the benchmarks use this package. It does not import Django, and the server does
not import it: the server reads the same environment variables wherever it runs."""


class Refused(Exception):
    """A problem that the user can fix. The message is a sentence with the reason and a command that helps."""


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the user reads it at a terminal
