"""The command that makes, removes and counts overviews."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from images.models import Overview
from images.services import overviews
from images.storage import ObjectStorage
from images.upkeep import overview_making
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.deletion import is_there, refuse
from tests.support.overviews import image_of, large_jpeg, overview_of, stored, stored_with_overview
from transforms.planning.overview_recipe import RECIPE


def run(*arguments: str) -> Any:
    printed = io.StringIO()
    call_command("overviews", *arguments, stdout=printed)
    return json.loads(printed.getvalue())


def test_status(api: Api) -> None:
    path = stored_with_overview(api)
    stored(api)
    status = run()
    row = overview_of(path)
    assert status == {
        "states": {"waiting": 1, "making": 0, "ready": 1, "refused": 0},
        "reasons": {},
        "bytes": row.size_bytes,
        "bytes_of_originals": image_of(path).size_bytes,
    }


def test_makes_those_of_older_images(api: Api) -> None:
    small = api.stored(made.encoded("png"))
    large = stored(api)
    soft = stored(api, large_jpeg(quality=5))
    Overview.objects.all().delete()
    status = run("--make")
    assert status["states"] | {"bytes": 0} == {
        "waiting": 0,
        "making": 0,
        "ready": 1,
        "refused": 1,
        "bytes": 0,
    }
    assert status["reasons"] == {"too_many_bytes": 1}
    assert image_of(large).overview_version == RECIPE.version
    assert [image_of(path).overview_version for path in (small, soft)] == [overviews.HAS_NONE] * 2
    assert run("--make") == status


def test_removes_them_with_their_bytes(api: Api, storage: ObjectStorage) -> None:
    path = stored_with_overview(api)
    name = overview_of(path).storage_name
    status = run("--remove")
    assert set(status["states"].values()) == {0}
    assert not is_there(name)
    assert image_of(path).overview_version is None


def test_of_one_account(api: Api) -> None:
    other = make_api("other")
    paths = [stored_with_overview(api), stored_with_overview(other)]
    run("--remove", "--account", "other")
    assert [image_of(path).overview_version is None for path in paths] == [False, True]


def test_switched_off(api: Api, settings: Any) -> None:
    settings.OVERVIEWS = False
    with pytest.raises(CommandError, match="switched off") as caught:
        run("--make")
    assert caught.value.returncode == 2


def test_names_the_images_that_fail(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stored(api)
    monkeypatch.setattr(overview_making, "original_path", refuse)
    with pytest.raises(SystemExit, match="1"):
        run("--make")
    assert f"{path.rpartition('/')[2]}: away" in capsys.readouterr().err
