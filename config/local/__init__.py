"""One machine, one command: Postgres, Valkey, S3, web and worker under one supervisor.

Only `make run` and the tests come here. It imports no Django, and the server knows nothing of it: the server
reads the same environment variables wherever it runs."""


class Refused(Exception):
    """What a user can put right: one sentence that says what is wrong and the command that helps."""


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a person at a terminal reads it
