"""Drift between rows and storage: tests make it, and read the findings of reconcile."""

import hashlib
import io
import json
from typing import Any

from django.core.management import CommandError, call_command

from images.storage import ObjectStorage

Drift = dict[str, tuple[int, int]]


def reconcile(*arguments: str) -> tuple[int, Drift]:
    """Return the exit code, and for each finding how many were found and how many are left."""
    printed = io.StringIO()
    try:
        call_command("reconcile", "--json", *arguments, stdout=printed)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as error:
        return error.returncode, {}
    checks = json.loads(printed.getvalue())["checks"]
    return code, {name: (it["found"], it["left"]) for name, it in checks.items() if it["found"]}


def no_patience(settings: Any) -> None:
    """Set every age and grace period to zero: all that is unfinished counts as left behind."""
    for name in ("UPLOAD_ABANDONED_AFTER_S", "ORPHAN_MIN_AGE_S", "ORPHAN_SEEN_AGAIN_AFTER_S"):
        setattr(settings, name, 0)


def put(storage: ObjectStorage, name: str, content: bytes) -> None:
    storage.put(name, io.BytesIO(content), sha256=hashlib.sha256(content).hexdigest())


def replace(storage: ObjectStorage, name: str, content: bytes) -> None:
    storage.delete(name)
    put(storage, name, content)


def names_in(storage: ObjectStorage) -> set[str]:
    return {found.name for found in storage.list_objects("")}


def empty(storage: ObjectStorage) -> None:
    storage.delete(*names_in(storage))
