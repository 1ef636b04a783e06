"""manage.py bootstrap makes the account, key and image of a first start, and only those that are missing."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts import services
from accounts.models import Account, ApiKey
from images.models import Image
from images.sample import SAMPLE
from tests.conftest import Api, body
from tests.support.storage_markers import marker_is_restored

__all__ = ["marker_is_restored"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("marker_is_restored")]


def bootstrap(env_file: Path, url: str = "http://127.0.0.1:8000") -> dict[str, str]:
    call_command("bootstrap", "--env-file", env_file, "--url", url)
    words = shlex.split(env_file.read_text())
    return dict(word.split("=", 1) for word in words)


def use_new_folder(settings: Any, folder: Path) -> None:
    disk = {"BACKEND": "images.storage.DiskObjectStorage", "OPTIONS": {"location": folder}}
    settings.STORAGES = settings.STORAGES | {"originals": disk, "renditions": disk}


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / "env"


def test_first_start(env_file: Path) -> None:
    values = bootstrap(env_file)
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert values["PROGIMAGE_URL"] == "http://127.0.0.1:8000"
    assert authenticate(username="admin", password=values["PROGIMAGE_ADMIN_PASSWORD"])
    api = Api(Account.objects.get(), values["PROGIMAGE_API_KEY"])
    assert body(api.get(f"/images/{values['PROGIMAGE_SAMPLE_ID']}")) == SAMPLE.read_bytes()


def test_nothing_secret_is_printed(env_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    left_over = env_file.with_suffix(".new")
    left_over.touch(mode=0o644)
    values = bootstrap(env_file)
    assert env_file.stat().st_mode & 0o777 == 0o600
    printed = "".join(capfd.readouterr())
    assert values["PROGIMAGE_ADMIN_PASSWORD"] not in printed
    assert values["PROGIMAGE_API_KEY"] not in printed


def test_later_starts_keep_everything_but_the_address(env_file: Path) -> None:
    first = bootstrap(env_file)
    assert bootstrap(env_file, "http://127.0.0.1:8001") == first | {"PROGIMAGE_URL": "http://127.0.0.1:8001"}
    assert (ApiKey.objects.count(), Image.objects.count(), Account.objects.count()) == (1, 1, 1)


def test_what_was_lost_is_made_again(env_file: Path) -> None:
    first = bootstrap(env_file)
    env_file.unlink()
    second = bootstrap(env_file)
    assert second["PROGIMAGE_API_KEY"] != first["PROGIMAGE_API_KEY"]
    assert second["PROGIMAGE_SAMPLE_ID"] == first["PROGIMAGE_SAMPLE_ID"]
    assert authenticate(username="admin", password=second["PROGIMAGE_ADMIN_PASSWORD"])


def test_sample_is_stored_anew_where_the_storage_is_another(
    env_file: Path, settings: Any, tmp_path: Path
) -> None:
    first = bootstrap(env_file)
    use_new_folder(settings, tmp_path / "files")
    second = bootstrap(env_file)
    assert second["PROGIMAGE_SAMPLE_ID"] != first["PROGIMAGE_SAMPLE_ID"]
    assert bootstrap(env_file) == second


def test_revoked_key_is_replaced(env_file: Path) -> None:
    first = bootstrap(env_file)
    services.revoke(ApiKey.objects.get())
    assert bootstrap(env_file)["PROGIMAGE_API_KEY"] != first["PROGIMAGE_API_KEY"]


def test_images_of_applications_are_not_left_behind_in_another_storage(
    env_file: Path, settings: Any, tmp_path: Path
) -> None:
    first = bootstrap(env_file)
    Api(Account.objects.get(), first["PROGIMAGE_API_KEY"]).stored(SAMPLE.read_bytes())
    use_new_folder(settings, tmp_path / "files")
    with pytest.raises(CommandError, match=r"The database has images.*another VAR=folder"):
        bootstrap(env_file)
