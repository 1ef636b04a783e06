import os
import secrets
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from accounts import services as accounts
from accounts.access.authentication import find_api_key
from accounts.keys.key_text import parse_key
from accounts.models import Account
from images import services as images
from images.models import Image
from images.receiving.uploads import upload_of_file
from images.sample import SAMPLE
from images.storage import originals

ACCOUNT = "local"
OPERATOR = "admin"


class Command(BaseCommand):
    help = (
        "Make what a first start needs: the storage, an account with an API key, an operator's login and a "
        "sample image. Keeps them in a file of shell lines and makes again only what is missing or invalid."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--env-file", type=Path, required=True, help="where URL, key and login are kept")
        parser.add_argument("--url", required=True, help="the address that is written there")

    def handle(self, *args: Any, env_file: Path, url: str, **options: Any) -> None:
        call_command("create_storage", stdout=self.stdout)
        kept = _read(env_file)
        account = Account.objects.filter(name=ACCOUNT).first() or accounts.create_account(ACCOUNT)
        _write(
            env_file,
            {
                "PROGIMAGE_URL": url,
                "PROGIMAGE_API_KEY": _api_key(account, kept.get("PROGIMAGE_API_KEY", "")),
                "PROGIMAGE_ADMIN_PASSWORD": _password(kept.get("PROGIMAGE_ADMIN_PASSWORD", "")),
                "PROGIMAGE_SAMPLE_ID": _sample(account),
            },
        )


def _api_key(account: Account, kept: str) -> str:
    text = parse_key(kept)
    api_key = find_api_key(text) if text else None
    if api_key is not None and api_key.account_id == account.pk:
        return kept
    return str(accounts.create_api_key(account, name="make run")[1])


def _password(kept: str) -> str:
    """A password that somebody changed in the admin is not changed back."""
    users = get_user_model().objects
    if kept and users.filter(username=OPERATOR).exists():
        return kept
    password = secrets.token_urlsafe(18)
    user, _ = users.get_or_create(username=OPERATOR, defaults={"is_staff": True, "is_superuser": True})
    user.set_password(password)
    user.save()
    return password


def _sample(account: Account) -> str:
    """One whose bytes are there: the storage may be another than at the last start."""
    for kept in Image.objects.filter(account=account, tags__name="sample", state=Image.State.READY):
        with suppress(FileNotFoundError), originals().open_range(kept.storage_name):
            return str(kept.id)
    description = images.Description(filename=SAMPLE.name, tags=["sample"])
    return str(images.store(upload_of_file(SAMPLE), account=account, description=description).id)


def _read(env_file: Path) -> dict[str, str]:
    if not env_file.exists():
        return {}
    lines = (line.partition("=") for line in env_file.read_text().splitlines())
    return {name: "".join(shlex.split(value)) for name, _, value in lines}


def _write(env_file: Path, values: dict[str, str]) -> None:
    """Readable by its owner alone from its first moment, and whole or not there."""
    written = env_file.with_suffix(".new")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    written.replace(env_file)
