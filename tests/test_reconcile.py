"""manage.py reconcile: its arguments and its output."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from images.models import Image
from images.storage import DiskObjectStorage, ObjectStorage
from images.upkeep import reconciliation
from progimage.errors import Unavailable
from tests.conftest import Api, body
from tests.support.drift import names_in, reconcile
from tests.support.spoiling import (
    PNG,
    disk,
    lose_original,
)

__all__ = ["disk"]


def test_scopes(api: Api, other_api: Api, disk: ObjectStorage) -> None:
    for caller in (api, other_api):
        body(caller.get(caller.stored(PNG) + ".gif"))
    disk.delete(*names_in(disk))
    both = (1, {reconciliation.MISSING: (2, 2), reconciliation.LOST: (2, 2)})
    one = (1, {reconciliation.MISSING: (1, 1), reconciliation.LOST: (1, 1)})
    now = timezone.now()
    assert reconcile() == both
    assert reconcile("--account", "alice") == one
    assert reconcile("--since", (now - timedelta(minutes=1)).isoformat()) == both
    assert reconcile("--since", (now + timedelta(minutes=1)).isoformat()) == (0, {})
    assert reconcile("--account", "nobody")[0] == 2


def test_storage_that_is_away(disk: ObjectStorage, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(DiskObjectStorage, "list_objects", away)
    assert reconcile()[0] == 2


def test_output(api: Api, disk: ObjectStorage, capsys: pytest.CaptureFixture[str]) -> None:
    api.stored(PNG)
    call_command("reconcile")
    table = capsys.readouterr()
    assert table.out.splitlines()[0].split() == ["found", "left"]
    assert [line.split()[-2:] for line in table.out.splitlines()[1:]] == [["0", "0"]] * 15
    assert table.err == "", "a progress bar where there is no terminal"
    lose_original()
    printed = io.StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile", "--json", stdout=printed)
    said = json.loads(printed.getvalue())
    finding = {"found": 1, "left": 1, "examples": [str(Image.objects.get().pk)]}
    assert (said["fix"], said["checks"][reconciliation.MISSING]) == (False, finding)


@pytest.mark.parametrize("arguments", [["--sample", "2"], ["--since", "yesterday"]])
def test_wrong_arguments(db: None, arguments: list[str]) -> None:
    assert reconcile(*arguments) == (1, {})
