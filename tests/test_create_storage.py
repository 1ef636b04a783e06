"""manage.py create_storage alone makes the folder of files. All other code takes a folder without its mark for one that
is not mounted: it stores nothing there, and reports nothing as missing."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from images.ids import uuid7
from images.models import Image, Rendition
from images.storage import DiskObjectStorage, originals
from images.storage.disk import MARKER
from progimage.errors import Unavailable
from tests.conftest import Api, body, use_disk
from tests.support import images as made
from tests.support.drift import names_in, put, reconcile
from tests.support.servers import make_storage_root

PNG = made.encoded("png")


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    use_disk(settings, tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture(params=["missing", "empty"])
def away(root: Path, api: Api, request: pytest.FixtureRequest) -> Path:
    """A root that is not there or not mounted, though an image and its rendition are known."""
    body(api.get(f"{api.stored(PNG)}.webp"))
    root.rename(root.with_name("elsewhere"))
    if request.param == "empty":
        root.mkdir()
    return root


def test_root_that_is_away_is_unavailable(away: Path) -> None:
    store, name = originals(), f"originals/ab/{uuid7()}"
    for attempt in (
        store.check,
        lambda: put(store, name, PNG),
        lambda: store.open_range(name),
        lambda: store.local_path(name).__enter__(),
        lambda: store.delete(name),
        lambda: store.find_object(name),
        lambda: list(store.list_objects("originals/a")),
    ):
        with pytest.raises(Unavailable):
            attempt()


def test_root_that_is_away_takes_and_loses_nothing(away: Path, api: Api) -> None:
    image, rendition = Image.objects.get(), Rendition.objects.get()
    path = f"/images/{image.pk}"
    assert api.upload(PNG).status_code == 503
    assert {api.get(path + suffix).status_code for suffix in ("", ".webp", ".gif")} == {503}
    assert [reconcile(*arguments)[0] for arguments in ([], ["--fix"])] == [2, 2]
    assert not away.exists() or list(away.iterdir()) == []
    away.with_name("elsewhere").rename(away)
    image.refresh_from_db()
    rendition.refresh_from_db()
    assert (image.state, image.missing_at, rendition.state) == ("ready", None, "ready")
    assert body(api.get(path)) == PNG


def test_root_with_originals_is_adopted(root: Path, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    path = api.stored(PNG)
    (root / MARKER).unlink()
    assert api.get(path).status_code == 200
    assert api.upload(PNG).status_code == 503
    for said in ("Created the folder", "There already is the folder"):
        call_command("create_storage")
        assert capsys.readouterr().out == f"{said} {root}.\n"
    assert api.upload(PNG).status_code == 201
    assert {name.partition("/")[0] for name in names_in(originals())} == {"originals"}


def test_empty_root_is_not_adopted_where_there_are_images(away: Path) -> None:
    """A start must not take a volume that comes late for a new one."""
    with pytest.raises(CommandError, match="mount it") as refused:
        call_command("create_storage")
    assert f"`mkdir -p {away}/originals`" in str(refused.value)
    (away / "originals").mkdir(parents=True)
    call_command("create_storage")
    originals().check()


def test_root_of_tests_is_made_alike(tmp_path: Path) -> None:
    assert not DiskObjectStorage(location=make_storage_root(tmp_path / "files")).create()
