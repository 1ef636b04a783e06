import os
import secrets
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services as accounts
from accounts.access.authentication import find_api_key
from accounts.keys.key_text import parse_key
from accounts.models import Account
from images.models import Image
from images.receiving.uploads import upload_of_file
from images.sample import SAMPLE
from images.services import storing
from images.services.storage_ownership import ForeignStorage
from images.services.storing import Description
from images.storage import originals
from progimage.errors import Unavailable

ACCOUNT = "local"
OPERATOR = "admin"
_SAMPLE_TAG = "sample"


class Command(BaseCommand):
    help = (
        "Create everything that a first start needs: the storage, an account with an API key, an operator's "
        "login and a sample image. Writes them to a file of shell variables. Later runs write the URL anew "
        "and keep the other values, unless they are missing or no longer valid."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--env-file",
            type=Path,
            required=True,
            help="file for the URL, the API key, the password and the id of the sample image",
        )
        parser.add_argument("--url", required=True, help="URL of the server, written to that file")

    def handle(self, *args: Any, env_file: Path, url: str, **options: Any) -> None:
        # A first trial of another storage must not fail for the sample, which is stored again.
        force = _is_unmarked() and _has_only_samples()
        try:
            call_command("create_storage", stdout=self.stdout, force=force)
        except CommandError as error:
            raise CommandError(f"{error}{_advice_after(error)}") from error
        old_values = _read(env_file)
        account = Account.objects.filter(name=ACCOUNT).first() or accounts.create_account(ACCOUNT)
        new_values = {
            "PROGIMAGE_URL": url,
            "PROGIMAGE_API_KEY": _make_api_key(account, old_values.get("PROGIMAGE_API_KEY", "")),
            "PROGIMAGE_ADMIN_PASSWORD": _make_password(old_values.get("PROGIMAGE_ADMIN_PASSWORD", "")),
            "PROGIMAGE_SAMPLE_ID": _make_sample(account),
        }
        _write(env_file, new_values)


def _advice_after(error: CommandError) -> str:
    if not isinstance(error.__cause__, ForeignStorage):
        return ""
    return (
        " `make run` finds them with the STORAGE of earlier starts. It starts anew with another VAR=folder."
    )


def _is_unmarked() -> bool:
    try:
        return originals().find_marker() is None
    except Unavailable:  # create_storage says why
        return False


def _has_only_samples() -> bool:
    samples = Image.objects.filter(account__name=ACCOUNT, tags__name=_SAMPLE_TAG)
    return samples.exists() and not Image.objects.exclude(pk__in=samples.values("pk")).exists()


def _make_api_key(account: Account, old_text: str) -> str:
    """Return the text of the old API key if it is still valid for the account, or else of a new one."""
    key_text = parse_key(old_text)
    api_key = find_api_key(key_text) if key_text else None
    if api_key is not None and api_key.account_id == account.pk:
        return old_text
    _, new_text = accounts.create_api_key(account, name="make run")
    return str(new_text)


def _make_password(old_password: str) -> str:
    """Return the old password if the operator exists, or else set and return a new one.

    An operator may have changed the password in the admin. It is not changed back."""
    users = get_user_model().objects
    if old_password and users.filter(username=OPERATOR).exists():
        return old_password
    password = secrets.token_urlsafe(18)
    user, _ = users.get_or_create(username=OPERATOR, defaults={"is_staff": True, "is_superuser": True})
    user.set_password(password)
    user.save()
    return password


def _make_sample(account: Account) -> str:
    """Return the id of a sample image whose bytes are stored. Store the sample if there is none.

    The storage may be another one than at the last start."""
    for sample in Image.objects.ready().filter(account=account, tags__name=_SAMPLE_TAG):
        with suppress(FileNotFoundError), originals().open_range(sample.storage_name):
            return str(sample.id)
    upload = upload_of_file(SAMPLE)
    description = Description(filename=SAMPLE.name, tags=[_SAMPLE_TAG])
    image = storing.store(upload, account=account, description=description)
    return str(image.id)


def _read(env_file: Path) -> dict[str, str]:
    if not env_file.exists():
        return {}
    values = {}
    for line in env_file.read_text().splitlines():
        name, _, quoted_value = line.partition("=")
        values[name] = "".join(shlex.split(quoted_value))
    return values


def _write(env_file: Path, values: dict[str, str]) -> None:
    """Replace the file at once. Only its owner can read it, from the first moment on."""
    new_file = env_file.with_suffix(".new")
    # A file that an earlier start left might have other permissions.
    new_file.unlink(missing_ok=True)
    descriptor = os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        for name, value in values.items():
            file.write(f"{name}={shlex.quote(value)}\n")
    new_file.replace(env_file)
